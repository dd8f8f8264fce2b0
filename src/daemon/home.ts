/** In charge of the folder that holds all state: its parts, who may enter them, and that one daemon at a time lives there. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../base/config.ts";
import { messageOf, posternError } from "../base/error.ts";
import { readCommandLine } from "../runtime/live-process.ts";
import { ownPath } from "../runtime/own-path.ts";
import type { ServerAccount } from "../runtime/server-account.ts";

/** What `<home>/daemon.json` tells whoever looks for the daemon. */
export interface DaemonFile {
  pid: number;
  api_url: string;
  started_at: string;
  version: string;
}

/** Makes what is missing. The servers' user may pass through the home and owns what is its own. @throws Y0003 */
export async function prepareHome(home: string, account: ServerAccount): Promise<void> {
  try {
    await mkdir(home, { recursive: true });
    if (account.separate) await chmod(home, 0o711);
    else await chmod(home, 0o700);
    for (const [folder, mode, servers] of [
      ["secrets", 0o700, false],
      ["logs", 0o700, false],
      ["backups", 0o700, false],
      ["instances", 0o750, true],
      ["run", 0o750, true],
      ["point-in-time", 0o750, true],
      ["pgbouncer", 0o700, true],
    ] as const) {
      const path = join(home, folder);
      await mkdir(path, { recursive: true });
      await chmod(path, mode);
      if (servers) await ownPath(path, account);
    }
  } catch (error) {
    throw posternError("Y0003", `POSTERN_HOME cannot be used: ${home}`, {
      detail: messageOf(error),
      hint: "Choose a folder that this user can write, by POSTERN_HOME.",
    });
  }
}

/** Takes the home for this process. @throws Y0007 when a live daemon has it. */
export async function lockHome(home: string): Promise<() => Promise<void>> {
  const file = join(home, "daemon.lock");
  for (;;) {
    try {
      await writeFile(file, `${process.pid}\n`, { flag: "wx" });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const pid = Number((await readFile(file, "utf8").catch(() => "")).trim());
      if (pid !== process.pid && pid > 1 && (await readCommandLine(pid))?.includes("posternd")) {
        throw posternError("Y0007", `A Postern daemon (process ${pid}) uses ${home} already.`, {
          hint: "`postern status` shows it; another one needs another POSTERN_HOME.",
        });
      }
      await rm(file, { force: true });
    }
  }
}

/** A secret file of random bytes, made once, 0600. */
export async function readOrMakeSecret(home: string, name: string, bytes: number): Promise<Buffer> {
  const file = join(home, "secrets", name);
  const existing = await readFile(file, "utf8").catch(() => undefined);
  if (existing !== undefined) return Buffer.from(existing.trim(), "hex");
  const secret = randomBytes(bytes);
  await writeFile(`${file}.new`, `${secret.toString("hex")}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return secret;
}

/** The key that seals passwords: the home's own, or the one that several control planes have. @throws Y0001 */
export async function readMasterKey({
  home,
  masterKeyFile: file,
}: Pick<Config, "home" | "masterKeyFile">): Promise<Buffer> {
  if (file === null) return readOrMakeSecret(home, "master.key", 32);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw posternError("Y0001", `POSTERN_MASTER_KEY_FILE cannot be read: ${file}`, {
      detail: messageOf(error),
    });
  });
  if (/^[0-9a-f]{64}$/.test(text.trim())) return Buffer.from(text.trim(), "hex");
  throw posternError("Y0001", `POSTERN_MASTER_KEY_FILE holds no key: ${file}`, {
    hint: "It is a copy of secrets/master.key of a Postern's home, or what `openssl rand -hex 32` prints.",
  });
}

export async function writeDaemonFile(home: string, content: DaemonFile): Promise<void> {
  const file = join(home, "daemon.json");
  await writeFile(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o644 });
  await rename(`${file}.new`, file);
}

export const removeDaemonFile = (home: string): Promise<void> =>
  rm(join(home, "daemon.json"), { force: true });
