import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DataPlane, openDataPlane } from "../../support/query-context.ts";
import { connectOwner, type QueryFixture, startQueryFixture } from "../../support/query-fixture.ts";

let fixture: QueryFixture;
let plane: DataPlane;
/** Another session, which holds locks and looks. */
let other: pg.Client;

const add = "insert into item values ($1)";

beforeAll(async () => {
  fixture = await startQueryFixture();
  other = await connectOwner(fixture);
  await other.query("create table item (id int primary key)");
});
beforeEach(async () => {
  await other.query("truncate item");
  plane = openDataPlane(fixture.address, { connectionsPerDatabase: 6 });
  await plane.share(add);
  // Until it has flown alone, nobody knows what it takes.
  for (let n = 1; n <= 3; n++) await plane.query(add, [-n]);
  await other.query("truncate item");
});
afterEach(async () => {
  await other.query("rollback");
  await plane.close();
});
afterAll(async () => {
  await other.end();
  await fixture.close();
});

const insert = (ids: readonly number[]) => Promise.allSettled(ids.map((id) => plane.query(add, [id])));
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const stored = async () =>
  (await other.query<{ id: number }>("select id from item order by id")).rows.map(({ id }) => id);

describe("inserts that come together", () => {
  it("share transactions, and each is stored once", async () => {
    const results = await insert(upTo(60));
    expect(results.filter(({ status }) => status === "rejected")).toEqual([]);
    expect(await stored()).toEqual(upTo(60));
    const { rows } = await other.query<{ n: number }>(
      "select count(distinct xmin::text)::int as n from item",
    );
    expect(rows[0]!.n).toBeLessThan(30);
  });

  it("fail one by one: what is wrong with one is no trouble for the others", async () => {
    const results = await insert([...upTo(20), 7, 7, ...upTo(40).slice(20)]);
    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(2);
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "23505" });
    }
    expect(await stored()).toEqual(upTo(40));
  });

  it("do not wait for one that waits for another session", async () => {
    await other.query("begin; insert into item values (5)");
    const waiting = plane.query(add, [5]).then(
      () => "stored",
      (error: { code: string }) => error.code,
    );
    const others = await Promise.race([
      insert(upTo(20).filter((n) => n !== 5)),
      new Promise((resolve) => setTimeout(resolve, 5_000, "still waiting").unref()),
    ]);
    expect(others).not.toBe("still waiting");
    await other.query("commit");
    expect(await waiting).toBe("23505");
    expect(await stored()).toEqual(upTo(20));
  });

  it("are stored at most once, and those that were answered are stored, whenever their server process is killed", async () => {
    for (let round = 0; round < 8; round++) {
      const ids = upTo(40).map((n) => round * 100 + n);
      const running = insert(ids);
      await fixture.admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1 and state <> 'idle'",
        [fixture.address.user],
      );
      const results = await running;
      const answered = ids.filter((_, at) => results[at]!.status === "fulfilled");
      const found = await stored();
      expect(found).toEqual([...new Set(found)]);
      expect(answered.filter((id) => !found.includes(id))).toEqual([]);
    }
  });

  it("of a client that has gone take nobody else with them", async () => {
    const controller = new AbortController();
    const gone = plane.query(add, [1_000], { signal: controller.signal }).catch((error) => error.code);
    const staying = insert(upTo(20));
    controller.abort();
    expect(await gone).toBe("Y1017");
    expect((await staying).filter(({ status }) => status === "rejected")).toEqual([]);
    expect((await stored()).filter((id) => id < 1_000)).toEqual(upTo(20));
  });
});
