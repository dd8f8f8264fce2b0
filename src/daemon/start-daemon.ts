/**
 * In charge of starting the daemon in a home that is its alone. Little is loaded here: most of a start's time goes into
 * loading programs, and the workers load theirs while the daemon loads the rest of its own.
 */
import { readConfig } from "../base/config.ts";
import { requireSafeListen } from "../base/listen.ts";
import { ensureServerAccount } from "../runtime/server-account.ts";
import { lockHome, prepareHome, removeDaemonFile } from "./home.ts";
import { requireReachable } from "./require-reachable.ts";
import type { StartEvents } from "./start-events.ts";
import { WorkerPool } from "./workers/worker-pool.ts";

export interface RunningDaemon {
  /** Ends what is under way, stops every server of the home and gives the home back. Safe to call twice. */
  stop(): Promise<void>;
}

export interface StartOptions {
  events: StartEvents;
  /** The caller has no API key for this home: hand it one. */
  issueKey: boolean;
}

export async function startDaemon({ events, issueKey }: StartOptions): Promise<RunningDaemon> {
  const config = readConfig();
  requireSafeListen(config);
  const account = await ensureServerAccount();
  await prepareHome(config.home, account);
  await requireReachable(config.home, account);
  const unlock = await lockHome(config.home);
  // What was started is stopped in reverse, also when the start fails half way.
  const cleanup: (() => Promise<unknown>)[] = [unlock, () => removeDaemonFile(config.home)];
  try {
    const workers = config.workers > 0 ? new WorkerPool(config.workers) : undefined;
    cleanup.push(async () => workers?.stop());
    const { composeDaemon } = await import("./compose-daemon.ts");
    await composeDaemon({ config, account, events, issueKey, workers, cleanup });
  } catch (error) {
    await runAll(cleanup);
    throw error;
  }
  return { stop: () => runAll(cleanup) };
}

async function runAll(cleanup: (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let step = cleanup.pop(); step !== undefined; step = cleanup.pop()) {
    await step().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
