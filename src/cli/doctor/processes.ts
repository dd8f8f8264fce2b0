/** In charge of the processes of this machine, as /proc tells of them. */
import { readdir, readFile, readlink } from "node:fs/promises";

export interface ProcessInfo {
  pid: number;
  command: string;
}

/** Those of a home: its servers, its pooler, and what stands beside them. */
export async function findProcessesOfHome(home: string): Promise<ProcessInfo[]> {
  const found = await Promise.all(
    (await pids()).map(async (pid) => ({ pid, command: await commandOf(pid) })),
  );
  return found.filter(
    ({ pid, command }) =>
      pid !== process.pid &&
      command.includes(`${home}/`) &&
      /(^|\/)(postgres|pgbouncer)( |$)|postern-(gate|worker)/.test(command),
  );
}

/** Who listens on a TCP port; undefined: nobody. Whose process it is can be seen for one's own, and by root. */
export async function findPortHolder(port: number): Promise<ProcessInfo | "unknown" | undefined> {
  const sockets = await listeningSockets(port);
  if (sockets.size === 0) return undefined;
  for (const pid of await pids()) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const name of descriptors) {
      const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => "");
      if (sockets.has(target)) return { pid, command: await commandOf(pid) };
    }
  }
  return "unknown";
}

/** As links of /proc name them: `socket:[12345]`. */
async function listeningSockets(port: number): Promise<Set<string>> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const lines = tables
    .join("\n")
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const isListening = "0A";
  return new Set(
    lines
      .filter(([, local, , state]) => local?.endsWith(suffix) && state === isListening)
      .map((fields) => `socket:[${fields[9]}]`),
  );
}

const pids = async (): Promise<number[]> =>
  (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);

/** Empty for what is gone, and for zombies. */
const commandOf = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ").trim();
