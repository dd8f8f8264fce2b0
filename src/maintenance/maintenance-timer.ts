/** In charge of work that comes back: each task by its own interval, one run of a task at a time. */

import { keepArchives } from "../archive/keep-archives.ts";
import { messageOf } from "../base/error.ts";
import type { Service } from "../base/service.ts";
import { endOldSessions } from "../databases/end-old-sessions.ts";
import type { Platform } from "../instances/platform.ts";
import { forgetControlPlanes } from "../state/control-planes.ts";
import { deleteForgottenTokens } from "../state/tokens.ts";
import { expireBranches } from "./expire-branches.ts";
import { createExpiry } from "./expire-databases.ts";
import { keepStateLogs } from "./keep-state-logs.ts";
import { createSizeMeasure } from "./measure-sizes.ts";
import { settleReplaced, settleReplacedTask } from "./settle-replaced.ts";
import { sweepScratch } from "./sweep-scratch.ts";
import { trimAudit } from "./trim-audit.ts";
import { trimLogs } from "./trim-logs.ts";
import { whenSteady } from "./when-steady.ts";

export interface MaintenanceTask {
  name: string;
  everyMs: number;
  runOnce(platform: Platform): Promise<void>;
}

const forgetTokens = ({ state }: Platform) => deleteForgottenTokens(state);

export const createTasks = (): MaintenanceTask[] => [
  { name: "end old sessions", everyMs: 2_000, runOnce: endOldSessions },
  { name: settleReplacedTask, everyMs: 2_000, runOnce: settleReplaced },
  { name: "measure sizes", everyMs: 60_000, runOnce: createSizeMeasure() },
  { name: "trim logs", everyMs: 60_000, runOnce: trimLogs },
  { name: "keep archives", everyMs: 60_000, runOnce: keepArchives },
  { name: "expire databases", everyMs: 3_600_000, runOnce: createExpiry() },
  { name: "sweep scratch databases", everyMs: 3_600_000, runOnce: sweepScratch },
  { name: "trim the audit log", everyMs: 3_600_000, runOnce: whenSteady("trim the audit log", trimAudit) },
  { name: "forget control planes", everyMs: 3_600_000, runOnce: ({ state }) => forgetControlPlanes(state) },
  { name: "forget tokens", everyMs: 3_600_000, runOnce: whenSteady("forget tokens", forgetTokens) },
  {
    name: "keep logs of changes",
    everyMs: 6 * 3_600_000,
    runOnce: whenSteady("keep logs of changes", keepStateLogs),
  },
  { name: "expire branches", everyMs: 15_000, runOnce: whenSteady("expire branches", expireBranches) },
];

export class MaintenanceTimer implements Service {
  readonly name = "maintenance";
  readonly #platform: Platform;
  readonly #tasks: readonly MaintenanceTask[];
  readonly #running = new Map<string, Promise<void>>();
  #timers: NodeJS.Timeout[] = [];

  constructor(platform: Platform, list: readonly MaintenanceTask[] = createTasks()) {
    this.#platform = platform;
    this.#tasks = list;
  }

  async start(): Promise<void> {
    this.#timers = this.#tasks.map((task) => setInterval(() => this.#run(task), task.everyMs));
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    await Promise.all(this.#running.values());
  }

  #run(task: MaintenanceTask): void {
    if (this.#running.has(task.name)) return;
    const { observe } = this.#platform;
    const work = task
      .runOnce(this.#platform)
      .then(() => observe({ type: "maintenance", task: task.name, event: "done" }))
      .catch((error: unknown) =>
        observe({ type: "maintenance", task: task.name, event: "failed", detail: messageOf(error) }),
      )
      .finally(() => this.#running.delete(task.name));
    this.#running.set(task.name, work);
  }
}
