/** In charge of the background worker: it takes operations from the queue in Postern's own database and runs them. */
import { EventEmitter } from "node:events";
import { Logger, type Runner, run, runMigrations } from "graphile-worker";
import type pg from "pg";
import { sleep } from "../base/clock.ts";
import { hasCode } from "../base/error.ts";
import type { OperationId } from "../base/id.ts";
import type { Service } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import { freeLostJobs } from "../state/lost-jobs.ts";
import {
  enqueueOperation,
  listJoblessOperations,
  listUnfinishedOperations,
  type OperationRow,
} from "../state/operations.ts";
import { PatientPool } from "./patient-pool.ts";
import { type OperationHandlers, type OperationListener, runOperation } from "./run-operation.ts";

/** The queue's chatter is not Postern's log; what matters is observed where it happens. */
const quietLogger = new Logger(() => () => {});

/** Operations that run at once; those on one database come one after the other. */
const concurrency = 6;
const mostAttempts = 100;
const lookForLostJobsEveryMs = 15_000;
/** How long a stop waits for running operations. */
const stopPatienceMs = 10_000;

/** Brings the queue's own tables up to date; before any operation can be accepted. */
export async function prepareQueue(pool: pg.Pool): Promise<void> {
  await runMigrations({ pgPool: pool, logger: quietLogger });
}

/** Where several control planes work off one queue. */
export interface QueueShare {
  /** What the queue knows this one's workers as: should it die, their jobs are the others'. */
  noteWorkers(names: readonly string[]): Promise<void>;
  listWorkersOfOthers(): Promise<string[]>;
}

export class OperationWorker implements Service {
  readonly name = "operation worker";
  readonly #platform: Platform;
  readonly #handlers: OperationHandlers;
  readonly #pool: pg.Pool;
  readonly #listener: OperationListener | undefined;
  readonly #share: QueueShare | undefined;
  readonly #running = new Set<OperationId>();
  #runner: Runner | undefined;
  #lookForLostJobs: NodeJS.Timeout | undefined;

  constructor(
    platform: Platform,
    handlers: OperationHandlers,
    connection: pg.PoolConfig,
    listener?: OperationListener,
    share?: QueueShare,
  ) {
    this.#share = share;
    this.#listener = listener;
    this.#platform = platform;
    this.#handlers = handlers;
    this.#pool = new PatientPool({ ...connection, max: concurrency + 4, application_name: "postern-worker" });
    // A connection that dies with its server is replaced; its error event must have a listener.
    this.#pool.on("error", () => {});
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  async start(): Promise<void> {
    await this.#takeOver();
    const events = new EventEmitter();
    const workers: string[] = [];
    events.on("worker:create", ({ worker }) => workers.push(worker.workerId));
    this.#runner = await run({
      pgPool: this.#pool,
      events,
      concurrency,
      noHandleSignals: true,
      pollInterval: 1_000,
      logger: quietLogger,
      taskList: {
        operation: async (payload) => {
          const { id } = payload as { id: OperationId };
          this.#running.add(id);
          await this.#runPatiently(id).finally(() => this.#running.delete(id));
        },
      },
    });
    this.#runner.promise.catch((error: unknown) =>
      this.#platform.observe({ type: "fault", where: "operation worker", error }),
    );
    await this.#share?.noteWorkers(workers);
    this.#lookForLostJobs = setInterval(() => {
      // One that Postern's own database cannot be asked for is found the next time.
      this.#freeLost().catch(() => {});
    }, lookForLostJobsEveryMs);
    this.#lookForLostJobs.unref();
  }

  async #freeLost(): Promise<void> {
    const { state } = this.#platform;
    await freeLostJobs(state, [...this.#running], await this.#share?.listWorkersOfOthers());
    if (this.#share) await this.#queueAgain(await listJoblessOperations(state));
  }

  /**
   * What an operation throws is that Postern's own database cannot be asked. It is tried again here and not by the queue,
   * which would have to write down in that same database that it failed, and would wait longer each time.
   */
  async #runPatiently(id: OperationId): Promise<void> {
    const { stopping, observe } = this.#platform;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await runOperation(this.#platform, this.#handlers, id, this.#listener);
        return;
      } catch (error) {
        if (hasCode(error, "Y8034")) return;
        if (stopping.aborted || attempt === mostAttempts) throw error;
        observe({ type: "fault", where: `operation ${id}`, error });
        await sleep(Math.min(5_000, 250 * attempt), stopping);
      }
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#lookForLostJobs);
    const runner = this.#runner;
    this.#runner = undefined;
    // Running operations end at their next step; one that does not is left to the next daemon, as after a crash.
    const stopped = runner?.stop().catch(() => {});
    await atMost(stopPatienceMs, stopped);
    await atMost(
      1_000,
      this.#pool.end().catch(() => {}),
    );
  }

  /** Frees what a daemon that died held, and queues its unfinished operations again. */
  async #takeOver(): Promise<void> {
    // Of several that share a queue each frees what one that died held, once it is known to be dead.
    if (this.#share) return this.#queueAgain(await listJoblessOperations(this.#platform.state));
    await this.#pool.query(`
      select graphile_worker.force_unlock_workers(array_agg(distinct locked_by))
        from graphile_worker.jobs where locked_by is not null
      having count(*) > 0`);
    await this.#queueAgain(await listUnfinishedOperations(this.#platform.state));
  }

  async #queueAgain(operations: readonly OperationRow[]): Promise<void> {
    for (const operation of operations) await enqueueOperation(this.#platform.state, operation);
  }
}

/** Waits that long and no longer; a timer that is left over would keep the process from ending. */
async function atMost(ms: number, work: Promise<unknown> | undefined): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, sleep(ms, done.signal)]).finally(() => done.abort());
}
