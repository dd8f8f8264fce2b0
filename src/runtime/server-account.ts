/**
 * In charge of the operating system's user that runs the servers: Postgres refuses to run as root, so a daemon that is
 * root runs everything but itself as an unprivileged system user.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { currentUser, serverUser } from "../base/config.ts";
import { messageOf, posternError } from "../base/error.ts";

export interface ServerAccount {
  username: string;
  uid: number;
  gid: number;
  /** True when the daemon is root and the servers are not. */
  separate: boolean;
}

async function findUser(username: string): Promise<ServerAccount | undefined> {
  const line = (await readFile("/etc/passwd", "utf8"))
    .split("\n")
    .find((entry) => entry.startsWith(`${username}:`));
  if (line === undefined) return undefined;
  const [, , uid, gid] = line.split(":");
  return { username, uid: Number(uid), gid: Number(gid), separate: true };
}

/** The user that servers run as; as root it is made if it is missing. @throws Y0003 when it cannot be made. */
export async function ensureServerAccount(): Promise<ServerAccount> {
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) return { username: currentUser(), uid, gid: process.getgid?.() ?? -1, separate: false };
  const found = await findUser(serverUser);
  if (found) return found;
  try {
    await promisify(execFile)("useradd", [
      "--system",
      "--user-group",
      "--no-create-home",
      "--home-dir",
      "/nonexistent",
      "--shell",
      "/usr/sbin/nologin",
      serverUser,
    ]);
  } catch (error) {
    // Another Postern that starts at the same moment may have made it.
    const made = await findUser(serverUser);
    if (made) return made;
    throw posternError("Y0003", `The system user "${serverUser}" that runs the servers could not be made.`, {
      detail: messageOf(error),
      hint: `Make it by hand: useradd --system --user-group --no-create-home --shell /usr/sbin/nologin ${serverUser}`,
    });
  }
  return (await findUser(serverUser))!;
}
