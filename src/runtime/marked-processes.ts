/**
 * In charge of finding the processes of a user's program again: each carries a mark in its environment that its children
 * inherit, so that nothing of it is overlooked and no other process is taken for it, whatever became of its pid.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { readCommandLine, signalProcess, waitForExit } from "./live-process.ts";

export const markVariable = "POSTERN_PROCESS";
export const homeVariable = "POSTERN_PROCESS_HOME";

export interface ProcessMark {
  home: string;
  /** Absent: all of the home. */
  mark?: string;
  /** Only processes of this user count: what others claim is no matter. */
  uid?: number;
  /** The first one, where it is known: a program may write over its own environment. */
  pid?: number | null;
  startTime?: string | null;
}

/** Pids, the smallest first. */
export async function findMarked(mark: ProcessMark): Promise<number[]> {
  const found = new Set<number>();
  const first = await findFirst(mark);
  if (first !== undefined) found.add(first);
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    if ((await isMarked(pid, mark)) && (await readCommandLine(pid)) !== undefined) found.add(pid);
  }
  return [...found].sort((a, b) => a - b);
}

/** SIGTERM, and SIGKILL for what is still there after `graceMs`. */
export async function stopMarked(mark: ProcessMark, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  // What it starts meanwhile is stopped as well.
  for (;;) {
    const left = await findMarked(mark);
    if (left.length === 0) return;
    const leftMs = deadline - performance.now();
    for (const pid of left) signalProcess(pid, leftMs > 0 ? "SIGTERM" : "SIGKILL");
    await waitForExit(() => anyAlive(left), leftMs > 0 ? leftMs : 1_000);
  }
}

/** When it was started, in the system's own count; null when it is gone. */
export async function readStartTime(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

/** Of the process that is known by its pid; undefined when it is gone. */
export async function findFirst({ pid, startTime }: ProcessMark): Promise<number | undefined> {
  if (pid === undefined || pid === null || !startTime) return undefined;
  if ((await readStartTime(pid)) !== startTime) return undefined;
  return (await readCommandLine(pid)) === undefined ? undefined : pid;
}

async function isMarked(pid: number, { home, mark, uid }: ProcessMark): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  const variables = text.split("\0");
  if (!variables.includes(`${homeVariable}=${home}`)) return false;
  if (mark !== undefined && !variables.includes(`${markVariable}=${mark}`)) return false;
  return uid === undefined || (await ownerOf(pid)) === uid;
}

async function anyAlive(pids: readonly number[]): Promise<boolean> {
  for (const pid of pids) if ((await readCommandLine(pid)) !== undefined) return true;
  return false;
}

const ownerOf = (pid: number): Promise<number | undefined> =>
  stat(`/proc/${pid}`).then(
    ({ uid }) => uid,
    () => undefined,
  );
