/** In charge of the processor time that processes have used, as Linux counts it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Fields of /proc/PID/stat from the state on; the name before them may hold spaces and parentheses. */
function statOf(pid: number): string[] | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "latin1");
    return line.slice(line.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

const exeOf = (pid: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
};

/** User and system time of all threads; a tick is a hundredth of a second to every program on Linux. */
export function processorTimeUs(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = statOf(pid);
    if (!stat) throw new Error(`Process ${pid} of what is measured has gone.`);
    ticks += Number(stat[11]) + Number(stat[12]);
  }
  return ticks * 10_000;
}

/** A server's process and its workers, which run the same program: not the Postgres servers that a daemon has started. */
export function serverProcesses(root: number): number[] {
  const program = exeOf(root);
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    const stat = /^\d+$/.test(entry) ? statOf(Number(entry)) : undefined;
    if (stat) parents.set(Number(entry), Number(stat[1]));
  }
  const family = [root];
  for (const member of family) {
    for (const [pid, parent] of parents) if (parent === member && exeOf(pid) === program) family.push(pid);
  }
  return family;
}
