/**
 * In charge of finding the live postmaster of a data directory. Its pid file holds the pid that it has where it lives,
 * which in a sandbox is not the one that it has here. What is asked of a process is nothing that a process in another
 * server's sandbox could pretend: how deep it lives, and what the first process of its sandbox was called with.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

interface ProcessFacts {
  pid: number;
  parent: number;
  /** As each namespace of pids names it, ours first. */
  pids: number[];
  args: string[];
}

/** In its sandbox a server is the first thing that the sandbox's own first process starts. */
const firstOwnPid = 2;

/** Where it was found the last time; only a hint. */
const lastFound = new Map<string, number>();

/** Pid of the postmaster as the daemon sees it; null: none lives. */
export async function findPostmaster(dataDirectory: string): Promise<number | null> {
  const [first] = (await readFile(join(dataDirectory, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const own = Number(first);
  if (!Number.isInteger(own) || own <= 1) return null;
  const outside = await readProcess(own);
  if (outside && isOutside(outside, dataDirectory)) return own;
  if (own !== firstOwnPid) return null;
  const known = lastFound.get(dataDirectory);
  if (known !== undefined && (await isInside(known, own, dataDirectory))) return known;
  lastFound.delete(dataDirectory);
  for (const pid of await listPids()) {
    if (!(await isInside(pid, own, dataDirectory))) continue;
    lastFound.set(dataDirectory, pid);
    return pid;
  }
  return null;
}

/** The postmaster that a sandbox was started for, once it is there: the only child of the only child of `outer`. */
export async function findInSandbox(outer: number, dataDirectory: string): Promise<number | null> {
  for (const first of await childrenOf(outer)) {
    for (const pid of await childrenOf(first)) {
      const facts = await readProcess(pid);
      if (!facts || !isPostmaster(facts.args, dataDirectory)) continue;
      lastFound.set(dataDirectory, pid);
      return pid;
    }
  }
  return null;
}

/** Does what a sandbox was started for still live? */
export async function hasServer(first: number): Promise<boolean> {
  for (const pid of await childrenOf(first)) if ((await ownPidOf(pid)) === firstOwnPid) return true;
  return false;
}

/** First processes of sandboxes that were made for this data directory. When one ends, so does all that is in there. */
export async function findSandboxes(dataDirectory: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await listPids()) {
    const facts = await readProcess(pid);
    if (facts && isFirst(facts, dataDirectory)) found.push(pid);
  }
  return found;
}

/** The first process of the sandbox that a process lives in, and what it was called with; undefined: it lives in none. */
export async function sandboxOf(pid: number): Promise<{ pid: number; args: string[] } | undefined> {
  const facts = await readProcess(pid);
  if (!facts || facts.pids.length < 2) return undefined;
  const first = await readProcess(facts.parent);
  return first && { pid: first.pid, args: first.args };
}

/** The pid that a process has where it lives. */
export async function ownPidOf(pid: number): Promise<number | undefined> {
  return (await readProcess(pid))?.pids.at(-1);
}

const isOutside = ({ pids, args }: ProcessFacts, dataDirectory: string): boolean =>
  pids.length === 1 && isPostmaster(args, dataDirectory);

async function isInside(pid: number, own: number, dataDirectory: string): Promise<boolean> {
  const facts = await readProcess(pid);
  if (facts?.pids.length !== 2 || facts.pids[1] !== own || !isPostmaster(facts.args, dataDirectory))
    return false;
  const parent = await readProcess(facts.parent);
  return parent !== undefined && isFirst(parent, dataDirectory);
}

const isFirst = ({ pids, args }: ProcessFacts, dataDirectory: string): boolean =>
  pids.length === 2 &&
  pids[1] === 1 &&
  args.some((arg, at) => arg === "--bind" && args[at + 1] === dataDirectory);

/** Its children carry another title; `postgres -D <directory>`, and nothing behind it. */
const isPostmaster = (args: readonly string[], dataDirectory: string): boolean =>
  args.length === 3 && args[0]!.endsWith("/postgres") && args[1] === "-D" && args[2] === dataDirectory;

async function readProcess(pid: number): Promise<ProcessFacts | undefined> {
  try {
    const args = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").slice(0, -1);
    // Threads of the kernel, and what is dead already.
    if (args.length === 0) return undefined;
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
    if (/^[ZX]/.test(field("State"))) return undefined;
    const pids = (field("NSpid") || String(pid)).split(/\s+/).map(Number);
    return { pid, parent: Number(field("PPid")), pids, args };
  } catch {
    return undefined;
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  const file = `/proc/${pid}/task/${pid}/children`;
  const listed = await readFile(file, "utf8").catch(() => undefined);
  if (listed !== undefined) return listed.split(" ").filter(Boolean).map(Number);
  const found: number[] = [];
  for (const other of await listPids()) if ((await readProcess(other))?.parent === pid) found.push(other);
  return found;
}

const listPids = async (): Promise<number[]> =>
  (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
