/** In charge of who has a TCP port of this machine, as /proc tells. */
import { readdir, readFile, readlink } from "node:fs/promises";

export interface PortHolder {
  pid: number;
  command: string;
}

/** Who listens on a port; undefined: nobody. Whose process it is can be seen for one's own, and by root. */
export async function findPortHolder(port: number): Promise<PortHolder | "unknown" | undefined> {
  const { listening } = await socketsOf(port);
  return ownerOf(listening);
}

async function ownerOf(sockets: ReadonlySet<string>): Promise<PortHolder | "unknown" | undefined> {
  if (sockets.size === 0) return undefined;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const name of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => "");
      if (sockets.has(target)) return { pid: Number(pid), command: await commandOf(pid) };
    }
  }
  return "unknown";
}

/** For an error to say: also who has gone out by that port, which keeps others from listening on it as well. */
export async function describePortHolder(port: number): Promise<string> {
  const { listening, others } = await socketsOf(port);
  const holder = (await ownerOf(listening)) ?? (await ownerOf(others));
  if (holder === undefined) return "another program";
  if (holder === "unknown") return "another user's program";
  return `process ${holder.pid} (${holder.command.slice(0, 80)})`;
}

const listenState = "0A";

/** As links of /proc name them: `socket:[12345]`. */
async function socketsOf(port: number): Promise<{ listening: Set<string>; others: Set<string> }> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const lines = tables
    .join("\n")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    // One that has been closed already belongs to nobody.
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[9] !== "0");
  const namesOf = (isListening: boolean) =>
    new Set(
      lines
        .filter((fields) => (fields[3] === listenState) === isListening)
        .map((fields) => `socket:[${fields[9]}]`),
    );
  return { listening: namesOf(true), others: namesOf(false) };
}

const commandOf = async (pid: string): Promise<string> =>
  (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ").trim();
