/** In charge of finding the data-plane workers of a daemon. */
import { readdir, readFile } from "node:fs/promises";

export async function workersOf(daemon: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) =>
      Promise.all([
        readFile(`/proc/${pid}/stat`, "latin1"),
        readFile(`/proc/${pid}/cmdline`, "latin1"),
      ]).catch(() => ["", ""] as const),
    ),
  );
  return pids
    .filter((_, index) => {
      const [stat, command] = lines[index]!;
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      return parent === daemon && command.includes("postern-worker");
    })
    .map(Number);
}
