/** graphile-worker: a queue that is woken by LISTEN, so its workers need the direct URL. */
import { EventEmitter, once } from "node:events";
import { Logger, makeWorkerUtils, run, runMigrations, runOnce, type WorkerEvents } from "graphile-worker";
import { expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

const silent = { noHandleSignals: true, concurrency: 2, logger: new Logger(() => () => {}) };

describeEachWay("graphile-worker", (target) => {
  it("installs its schema, and finds it when it starts again", async () => {
    await runMigrations({ connectionString: target().url });
    await runMigrations({ connectionString: target().url });
  });

  it("adds jobs that are worked on once", async () => {
    const utils = await makeWorkerUtils({ connectionString: target().url });
    await utils.addJob("collect", { n: 1 });
    await utils.addJob("collect", { n: 2 });
    await utils.release();
    const seen: unknown[] = [];
    const taskList = { collect: async (payload: unknown) => void seen.push(payload) };
    await runOnce({ ...silent, connectionString: target().direct, taskList });
    expect(seen.sort()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it("wakes a worker on the direct URL by a job that comes in by this one", async () => {
    const woken = new EventEmitter();
    const events: WorkerEvents = new EventEmitter();
    const listening = once(events, "pool:listen:success");
    const taskList = { wake: async () => void woken.emit("woken") };
    // Asking by itself would take a minute: only the notification can be in time.
    const runner = await run({
      ...silent,
      connectionString: target().direct,
      pollInterval: 60_000,
      events,
      taskList,
    });
    await listening;
    const utils = await makeWorkerUtils({ connectionString: target().url });
    await Promise.all([once(woken, "woken"), utils.addJob("wake", {})]);
    await utils.release();
    await runner.stop();
  });
});
