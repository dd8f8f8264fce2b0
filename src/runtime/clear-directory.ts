/** In charge of deleting directories into which the programs of a daemon that was killed may be writing still. */
import { readdir, rm } from "node:fs/promises";
import { readCommandLine, signalProcess, waitForExit } from "./live-process.ts";

/** Programs whose command line names the directory: those that bring back a server's files, with their helpers. */
const isLeftover = (commandLine: string | undefined, directory: string): boolean =>
  commandLine?.split(" ").includes(`--pg1-path=${directory}`) ?? false;

/** Deletes a server's data directory, or one above it, for good: whoever was filling it is ended first. */
export async function clearDirectory(directory: string, dataDirectory = directory): Promise<void> {
  await endLeftovers(dataDirectory);
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

async function endLeftovers(dataDirectory: string): Promise<void> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  await Promise.all(
    pids.map(async (pid) => {
      const isAlive = async () => isLeftover(await readCommandLine(pid), dataDirectory);
      if (!(await isAlive())) return;
      signalProcess(pid, "SIGKILL");
      await waitForExit(isAlive, 5_000);
    }),
  );
}
