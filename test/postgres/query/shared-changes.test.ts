import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DataPlane, openDataPlane } from "../../support/query-context.ts";
import { connectOwner, type QueryFixture, startQueryFixture } from "../../support/query-fixture.ts";

let fixture: QueryFixture;
let plane: DataPlane;
/** Another session, which holds locks and looks. */
let other: pg.Client;

const increase = "update counter set n = n + 1 where id = $1";
const note = "insert into note (counter, text) values ($1, $2)";

beforeAll(async () => {
  fixture = await startQueryFixture();
  other = await connectOwner(fixture);
  await other.query(
    "create table counter (id int primary key, n int not null default 0 check (n < 1000));" +
      "create table note (id bigserial primary key, counter int not null references counter, text text not null)",
  );
});
beforeEach(async () => {
  await other.query("truncate note, counter");
  await other.query("insert into counter select id from generate_series(0, 99) id");
  plane = openDataPlane(fixture.address, { connectionsPerDatabase: 12 });
  await plane.share(increase, note);
  // Until they have flown alone, nobody knows what they take.
  for (let round = 1; round <= 3; round++) await count(99);
  await other.query("truncate note; update counter set n = 0");
});
afterEach(async () => {
  await other.query("rollback");
  await plane.close();
});
afterAll(async () => {
  await other.end();
  await fixture.close();
});

/** One transaction: a change and what is told of it. */
const count = (...ids: number[]) =>
  plane.transaction([
    ...ids.map((id) => ({ sql: increase, params: [id] })),
    { sql: note, params: [ids[0]!, `counted ${ids.join()}`] },
  ]);
const upTo = (size: number) => Array.from({ length: size }, (_, n) => n);
const failures = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.flatMap((result) => (result.status === "rejected" ? [result.reason.code as string] : []));
const numbers = async (sql: string) =>
  (await other.query<unknown[]>({ text: sql, rowMode: "array" })).rows[0]!.map(Number);

describe("changes that come together", () => {
  it("share transactions, and each is made once", async () => {
    let fewest = Number.POSITIVE_INFINITY;
    // What takes long flies alone, and on a machine that is busy everything may.
    for (let round = 1; round <= 10 && fewest >= 60; round++) {
      await other.query("truncate note; update counter set n = 0");
      const results = await Promise.allSettled(upTo(90).map((id) => count(id)));
      expect(failures(results)).toEqual([]);
      expect(await numbers("select count(*), sum(n), max(n) from counter where n > 0")).toEqual([90, 90, 1]);
      expect(await numbers("select count(*), count(distinct counter) from note")).toEqual([90, 90]);
      const [transactions] = await numbers("select count(distinct xmin::text) from note");
      fewest = Math.min(fewest, transactions!);
    }
    expect(fewest).toBeLessThan(60);
  });

  it("of one row count every one, one after the other", async () => {
    const sql = "update counter set n = n + 1 where id = $1 returning n";
    await plane.share(sql);
    const results = await Promise.all(upTo(80).map(() => plane.query(sql, [5])));
    expect(results.map(({ rows }) => (rows[0] as { n: number }).n).sort((a, b) => a - b)).toEqual(
      upTo(80).map((n) => n + 1),
    );
  });

  it("fail one by one, each with all of its transaction and none of another's", async () => {
    const results = await Promise.allSettled([
      ...upTo(20).map((id) => count(id)),
      count(30, 777),
      plane.transaction([
        { sql: increase, params: [31] },
        { sql: note, params: [12345, "of nobody"] },
      ]),
      ...upTo(20).map((id) => count(id + 40)),
    ]);
    expect(failures(results)).toEqual(["23503"]);
    expect(results[21]).toMatchObject({ reason: { statementIndex: 1 } });
    expect(await numbers("select sum(n) from counter")).toEqual([41]);
    expect(await numbers("select n from counter where id = 31")).toEqual([0]);
    expect(await numbers("select count(*) from note")).toEqual([41]);
  });

  it("do not wait for one that waits for another session's lock", async () => {
    await other.query("begin; update counter set n = n + 100 where id = 5");
    const waiting = count(5);
    const others = await Promise.race([
      Promise.allSettled(upTo(40).map((id) => count(id + 10))).then(failures),
      new Promise((resolve) => setTimeout(resolve, 5_000, "still waiting").unref()),
    ]);
    expect(others).toEqual([]);
    await other.query("commit");
    await waiting;
    expect(await numbers("select n from counter where id = 5")).toEqual([101]);
    expect(await numbers("select sum(n), count(*) from counter where id between 10 and 49")).toEqual([
      40, 40,
    ]);
  });

  it("that lock the same rows in different order all come to their end", async () => {
    const results = await Promise.allSettled(
      upTo(120).map((n) => (n % 2 === 0 ? count(n % 7, (n + 3) % 7) : count((n + 3) % 7, n % 7))),
    );
    // Two that lock each other out would do so alone as well: then Postgres ends one of them, which is told.
    const ended = failures(results);
    expect(new Set(ended)).toEqual(new Set(ended.length > 0 ? ["40P01"] : []));
    expect(await numbers("select sum(n) from counter")).toEqual([(120 - ended.length) * 2]);
    expect(await numbers("select count(*) from note")).toEqual([120 - ended.length]);
  });

  it("are made at most once, and those that were answered are made, whenever their server process is killed", async () => {
    let answered = 0;
    let asked = 0;
    for (let round = 0; round < 8; round++) {
      const running = Promise.allSettled(upTo(40).map((id) => count(id)));
      await fixture.admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and state <> 'idle'",
        [fixture.address.user],
      );
      answered += (await running).filter(({ status }) => status === "fulfilled").length;
      asked += 40;
      const [made, notes, most] = await numbers(
        "select (select sum(n) from counter), (select count(*) from note), (select max(n) from counter)",
      );
      expect(made).toBe(notes);
      expect(made).toBeGreaterThanOrEqual(answered);
      expect(made).toBeLessThanOrEqual(asked);
      expect(most).toBeLessThanOrEqual(round + 1);
    }
  });

  it("of a client that has gone take nobody else with them", async () => {
    const controller = new AbortController();
    const statements = [{ sql: increase, params: [50] }];
    const gone = plane.transaction(statements, { signal: controller.signal }).catch((error) => error.code);
    const staying = Promise.allSettled(upTo(20).map((id) => count(id)));
    controller.abort();
    expect(await gone).toBe("Y1017");
    expect(failures(await staying)).toEqual([]);
    expect(await numbers("select sum(n) from counter where id < 20")).toEqual([20]);
  });

  it("are seen by whoever asks after the answer", async () => {
    const seen = await Promise.all(
      upTo(40).map(async (id) => {
        await count(id);
        return (await plane.query("select n from counter where id = $1", [id])).rows;
      }),
    );
    expect(seen).toEqual(upTo(40).map(() => [{ n: 1 }]));
  });
});
