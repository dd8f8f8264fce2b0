/** In charge of who has a TCP port of this machine, as /proc tells. */
import { readdir, readFile, readlink } from "node:fs/promises";

export interface PortHolder {
  pid: number;
  command: string;
}

/**
 * Who listens on a port, or has gone out by it; undefined: nobody. Whose process it is can be seen for one's own, and by
 * root.
 */
export async function findPortHolder(port: number): Promise<PortHolder | "unknown" | undefined> {
  const sockets = await socketsOf(port);
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

/** For an error to say. */
export async function describePortHolder(port: number): Promise<string> {
  const holder = await findPortHolder(port).catch(() => undefined);
  if (holder === undefined) return "another program";
  if (holder === "unknown") return "another user's program";
  return `process ${holder.pid} (${holder.command.slice(0, 80)})`;
}

const listening = "0A";

/** As links of /proc name them: `socket:[12345]`. Those that listen, if any does. */
async function socketsOf(port: number): Promise<Set<string>> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const all = tables
    .join("\n")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(suffix));
  const listeners = all.filter(([, , , state]) => state === listening);
  return new Set((listeners.length > 0 ? listeners : all).map((fields) => `socket:[${fields[9]}]`));
}

const commandOf = async (pid: string): Promise<string> =>
  (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ").trim();
