/** In charge of `postern down`: the daemon and its servers stop; data stays. */
import { homeDirectory } from "../../base/directories.ts";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { findDaemon, isDaemon, runDaemonProgram } from "../daemon-process.ts";
import { startProgress } from "../progress.ts";

const stopLimitMs = 60_000;

export const run: CommandRun = async ({ output }) => {
  const home = homeDirectory();
  const daemon = await findDaemon(home);
  const progress = startProgress(output);
  progress.update("Stopping");
  let left = 0;
  try {
    if (daemon) await stop(daemon.pid);
    // Servers outlive a daemon that crashed.
    left = Number(await runDaemonProgram("sweep"));
  } finally {
    progress.end();
  }
  output.success(explain(daemon !== undefined, left));
  await output.print(
    { stopped: daemon !== undefined, pid: daemon?.pid ?? null, servers_left: left, home },
    () => "",
  );
};

function explain(wasRunning: boolean, left: number): string {
  if (wasRunning) return "Postern has stopped; data stays";
  if (left === 0) return "Postern was not running";
  return `The daemon was gone; ${left === 1 ? "a server" : `${left} servers`} that it left running ${left === 1 ? "has" : "have"} stopped; data stays`;
}

async function stop(pid: number): Promise<void> {
  process.kill(pid, "SIGTERM");
  const deadline = performance.now() + stopLimitMs;
  while (await isDaemon(pid)) {
    if (performance.now() > deadline) {
      throw posternError("Y1016", `The daemon (process ${pid}) has not stopped after 60 s.`, {
        hint: "`postern logs` shows what it waits for.",
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
