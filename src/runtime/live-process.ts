/** In charge of telling whether a process is alive and is the one it is taken for; a pid alone may be another's by now. */
import { readFile } from "node:fs/promises";

/** Command line of a live process, as one string with spaces; undefined when it is gone or a zombie. */
export async function readCommandLine(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
    if (state === "Z" || state === "X") return undefined;
    return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
  } catch {
    return undefined;
  }
}

/** Of a server that writes its pid into a file and has a path of its own on its command line; null: it does not run. */
export async function findServerPid(pidFile: string, path: string): Promise<number | null> {
  const [first] = (await readFile(pidFile, "utf8").catch(() => "")).split("\n");
  const pid = Number(first);
  if (!Number.isInteger(pid) || pid <= 1) return null;
  return (await readCommandLine(pid))?.includes(path) ? pid : null;
}

/** Sends a signal; false when the process is gone already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** Polls until the process is gone; false when it is still there after `timeoutMs`. */
export async function waitForExit(isAlive: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (await isAlive()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}
