/** pg-boss: a queue in the database, which asks for its jobs again and again. */
import PgBoss from "pg-boss";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

describeEachWay("pg-boss", (target) => {
  let boss: PgBoss;
  beforeAll(async () => {
    boss = new PgBoss({ connectionString: target().url, max: 4, schedule: false });
    boss.on("error", () => {});
    await boss.start();
  });
  afterAll(() => boss.stop({ graceful: false }));

  it("installs its schema, and finds it when it starts again", async () => {
    expect(await boss.schemaVersion()).toBeGreaterThan(20);
    const second = new PgBoss({ connectionString: target().url, max: 2, schedule: false });
    await second.start();
    await second.stop({ graceful: false });
  });

  it("hands a job to a worker, once", async () => {
    await boss.createQueue("mail");
    const seen: unknown[] = [];
    await boss.work("mail", { pollingIntervalSeconds: 0.5 }, async (jobs) => {
      seen.push(...jobs.map(({ data }) => data));
    });
    const id = await boss.send("mail", { to: "ada" });
    await expect
      .poll(async () => (await boss.getJobById("mail", id!))?.state, { timeout: 20_000 })
      .toBe("completed");
    expect(seen).toEqual([{ to: "ada" }]);
  });
});
