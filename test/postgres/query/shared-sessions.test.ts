import type { JsonValue } from "@postern/sdk/protocol";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Limits } from "../../../src/base/config.ts";
import { posternError } from "../../../src/base/error.ts";
import { startDelayingProxy } from "../../support/delaying-proxy.ts";
import { type DataPlane, openDataPlane } from "../../support/query-context.ts";
import { connectOwner, type QueryFixture, startQueryFixture } from "../../support/query-fixture.ts";

let fixture: QueryFixture;
const planes: DataPlane[] = [];
/** Another session, which holds locks. */
let other: pg.Client;

const quick = "select $1::int as n";
const divide = "select 1 / $1::int as n";
const locked = "select count(*)::int as n from locked";
const addLocked = "insert into locked values ($1)";
const add = "insert into item values ($1)";
const ids = "select id from item order by id";
const many = "select n, repeat('x', 1000) as t from generate_series(1, $1::int) n";

beforeAll(async () => {
  fixture = await startQueryFixture();
  other = await connectOwner(fixture);
  for (const sql of [
    "create table locked (id int)",
    "create table item (id int primary key)",
    "create table part (item int references item deferrable initially deferred)",
  ]) {
    await other.query(sql);
  }
});
beforeEach(() => other.query("truncate item, part, locked"));
afterEach(async () => {
  await other.query("rollback");
  await Promise.all(planes.splice(0).map((plane) => plane.close()));
});
afterAll(async () => {
  await other.end();
  await fixture.close();
});

/** `sessions`: how many are shared. */
async function planeWith(sessions: number, limits: Partial<Limits> = {}, host = fixture.address.host) {
  const connectionsPerDatabase = sessions === 1 ? 2 : Math.ceil(sessions * 1.5);
  const plane = openDataPlane({ ...fixture.address, host }, { connectionsPerDatabase, ...limits });
  planes.push(plane);
  await plane.share(quick, divide, locked, addLocked, add, ids, many);
  // All sessions are open, and nothing counts as slow.
  await Promise.all(Array.from({ length: 64 }, (_, n) => plane.query(quick, [n])));
  return plane;
}

const numbers = (plane: DataPlane, count: number) =>
  Promise.all(Array.from({ length: count }, async (_, n) => (await plane.query(quick, [n])).rows[0]!.n));
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const lock = () => other.query("begin; lock table locked");
const waiters = () => fixture.countActive("from locked");
const idsOf = async () => (await other.query(ids)).rows.map(({ id }) => id);

/** As fast as a session that answers at once; what stood behind the lock would take for ever. */
const elsewhereMs = 400;
const timed = async <Value>(promise: Promise<Value>) => {
  const startedAt = performance.now();
  await promise;
  return performance.now() - startedAt;
};

describe("a neighbour's trouble reaches nobody else", () => {
  it("when its statement fails", async () => {
    const plane = await planeWith(2);
    const outcome = async (n: number): Promise<JsonValue> => {
      const answer = plane.query(n % 3 === 0 ? divide : quick, [n % 2 === 0 ? 0 : n]);
      return answer.then(({ rows }) => rows[0]!.n!).catch(({ code }) => code);
    };
    const answers = await Promise.all(upTo(300).map(outcome));
    const expected = (n: number) => {
      if (n % 3 !== 0) return n % 2 === 0 ? 0 : n;
      return n % 2 === 0 ? "22012" : Math.floor(1 / n);
    };
    expect(answers).toEqual(upTo(300).map(expected));
  });

  it("when its value does not fit", async () => {
    const plane = await planeWith(1);
    const [bad, ...good] = await Promise.allSettled([
      plane.query(quick, ["x"]),
      ...upTo(20).map((n) => plane.query(quick, [n])),
    ]);
    expect(bad).toMatchObject({ reason: { code: "22P02" } });
    expect(good.map((one) => one.status)).toEqual(upTo(20).map(() => "fulfilled"));
  });

  it("when it waits for a lock: those behind it are answered elsewhere", async () => {
    const plane = await planeWith(2);
    await lock();
    const slow = plane.query(locked);
    expect(await timed(numbers(plane, 20))).toBeLessThan(elsewhereMs);
    expect(await waiters()).toBe(1);
    await other.query("rollback");
    expect((await slow).rows).toEqual([{ n: 0 }]);
  });

  it("when several wait, as long as one session is left", async () => {
    const plane = await planeWith(4);
    await lock();
    const slow = Promise.all([plane.query(locked), plane.query(addLocked, [1]), plane.query(addLocked, [2])]);
    for (let round = 0; round < 3; round++) {
      expect(await timed(numbers(plane, 20))).toBeLessThan(elsewhereMs);
    }
    await other.query("rollback");
    await slow;
    expect((await plane.query(locked)).rows).toEqual([{ n: 2 }]);
  });

  it("when its time is up", async () => {
    const plane = await planeWith(2, { statementTimeoutMs: 300 });
    await lock();
    const slow = expect(plane.query(locked)).rejects.toMatchObject({ code: "Y1009" });
    expect(await numbers(plane, 20)).toEqual(upTo(20));
    await slow;
    expect(await numbers(plane, 20)).toEqual(upTo(20));
  });

  it("when its answer is too large", async () => {
    const plane = await planeWith(1, { answerBytes: 100_000 });
    const [before, bad, ...behind] = await Promise.allSettled([
      plane.query(many, [5]),
      plane.query(many, [5_000]),
      ...upTo(20).map((n) => plane.query(many, [n])),
    ]);
    expect(before).toMatchObject({ value: { row_count: 5 } });
    expect(bad).toMatchObject({ reason: { code: "Y1008" } });
    expect(behind).toMatchObject(upTo(20).map((n) => ({ value: { row_count: n } })));
  });
});

describe("a client that goes away", () => {
  it("ends its own statement and no other", async () => {
    const plane = await planeWith(4);
    await lock();
    const controller = new AbortController();
    const left = plane.query(locked, [], { signal: controller.signal });
    const stays = plane.query(locked);
    left.catch(() => {});
    expect(await timed(numbers(plane, 20))).toBeLessThan(elsewhereMs);
    await expect.poll(waiters).toBe(2);
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: "Y1017" });
    await expect.poll(waiters).toBe(1);
    await other.query("rollback");
    expect((await stays).rows).toEqual([{ n: 0 }]);
  });

  it("is heard although its statement stands among others, which are answered", async () => {
    const plane = await planeWith(1);
    const controllers = upTo(50).map(() => new AbortController());
    const answers = controllers.map(({ signal }, n) => plane.query(quick, [n], { signal }));
    const settled = Promise.allSettled(answers);
    await new Promise((resolve) => setImmediate(resolve));
    for (const [n, controller] of controllers.entries()) if (n % 3 === 0) controller.abort();
    for (const [n, one] of (await settled).entries()) {
      if (n % 3 === 0 && one.status === "rejected") expect(one.reason).toMatchObject({ code: "Y1017" });
      else expect(one).toMatchObject({ value: { rows: [{ n }] } });
    }
  });

  it("in the midst of a transaction of reads leaves nobody with the wrong columns", async () => {
    const plane = await planeWith(1);
    const statements = ["select 1 as a", "select 'x' as b, 2 as c", "select 3 as d, 4 as e, 5 as f"];
    await plane.share(...statements);
    const controller = new AbortController();
    const head = plane.query(many, [100]);
    const left = plane.transaction(statements, { signal: controller.signal });
    left.catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: "Y1017" });
    await head;
    const answers = await Promise.all(statements.map((sql) => plane.query(sql)));
    expect(answers.map(({ rows }) => rows[0])).toEqual([{ a: 1 }, { b: "x", c: 2 }, { d: 3, e: 4, f: 5 }]);
  });

  it("undoes what it was writing, and nothing of it is written later", async () => {
    const plane = await planeWith(2);
    await lock();
    const controller = new AbortController();
    const statements = [
      { sql: add, params: [1] },
      { sql: addLocked, params: [1] },
    ];
    const left = plane.transaction(statements, { signal: controller.signal });
    left.catch(() => {});
    await expect.poll(() => fixture.countActive("into locked")).toBe(1);
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: "Y1017" });
    await expect.poll(() => fixture.countActive("into locked")).toBe(0);
    await other.query("rollback");
    expect(await idsOf()).toEqual([]);
  });

  it("never ends a later statement, however late its cancel request arrives", async () => {
    const proxy = await startDelayingProxy(fixture.address);
    const plane = await planeWith(3, {}, proxy.address.host);
    await lock();
    const controller = new AbortController();
    const left = plane.query(locked, [], { signal: controller.signal });
    left.catch(() => {});
    await expect.poll(waiters).toBe(1);
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: "Y1017" });
    await expect.poll(() => proxy.held).toBe(1);
    const neighbours = Promise.allSettled([plane.query(locked), plane.query(addLocked, [1])]);
    await expect.poll(() => fixture.countActive("locked")).toBeGreaterThan(2);
    await proxy.release();
    await expect.poll(() => fixture.countActive("locked")).toBe(2);
    await other.query("rollback");
    expect((await neighbours).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    await plane.close();
    await proxy.close();
  });
});

describe("a session that breaks", () => {
  const terminate = (text: string) =>
    fixture.admin.query(
      "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'postern' and strpos(query, $1) > 0",
      [text],
    );

  it("fails what it ran, and what stood behind is answered by another", async () => {
    const plane = await planeWith(1);
    await lock();
    const head = plane.query(locked);
    const behind = numbers(plane, 20);
    head.catch(() => {});
    await expect.poll(waiters).toBe(1);
    await terminate(locked);
    await expect(head).rejects.toMatchObject({ code: "57P01" });
    expect(await behind).toEqual(upTo(20));
  });

  it("never runs a write twice", async () => {
    const plane = await planeWith(4);
    const outcomes = upTo(200).map((n) =>
      plane.query(add, [n]).then(
        () => "written",
        ({ code }) => code,
      ),
    );
    for (let round = 0; round < 4; round++) {
      await terminate("");
      await numbers(plane, 1).catch(() => {});
    }
    const codes = await Promise.all(outcomes);
    const written = await idsOf();
    for (const [n, code] of codes.entries()) {
      // A second run would have failed with 23505.
      expect(["written", "57P01", "Y4001"]).toContain(code);
      if (code === "written") expect(written).toContain(n);
    }
    expect(await numbers(plane, 20)).toEqual(upTo(20));
  });

  it("fails one read at most for each session, however many stand in its pipeline", async () => {
    const plane = await planeWith(2);
    const reads = Promise.allSettled(upTo(60).map((n) => plane.query(many, [n * 10])));
    const killed = [...(await terminate("")).rows, ...(await terminate("")).rows];
    const settled = await reads;
    const failed = settled.filter((one) => one.status === "rejected");
    expect(failed.length).toBeLessThanOrEqual(killed.length);
    for (const one of failed) expect(["57P01", "Y4001"]).toContain(one.reason.code);
    for (const [n, one] of settled.entries()) {
      if (one.status === "fulfilled") expect(one.value.row_count).toBe(n * 10);
    }
  });
});

describe("transactions", () => {
  it("take effect all or not at all, and say which statement failed", async () => {
    const plane = await planeWith(2);
    const statements = [1, 2, 1, 3].map((id) => ({ sql: add, params: [id] }));
    await expect(plane.transaction(statements)).rejects.toMatchObject({ code: "23505", statementIndex: 2 });
    expect(await idsOf()).toEqual([]);
    const { results } = await plane.transaction([...statements.slice(0, 2), ids]);
    expect(results.map(({ rows_affected }) => rows_affected)).toEqual([1, 1, 2]);
    expect(results[2]!.rows).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it("whose statements do not exist say which one", async () => {
    const plane = await planeWith(1);
    const gone = "select * from gone";
    await other.query("create table gone ()");
    await plane.share(gone);
    await other.query("drop table gone");
    const transaction = plane.transaction([{ sql: add, params: [1] }, gone, { sql: add, params: [2] }]);
    await expect(transaction).rejects.toMatchObject({ code: "42P01", statementIndex: 1 });
    expect(await idsOf()).toEqual([]);
    expect((await plane.query(add, [2])).row_count).toBe(1);
  });

  it("that fail at their end blame none of their statements", async () => {
    const plane = await planeWith(1);
    const addPart = "insert into part values ($1)";
    await plane.share(addPart);
    const failure = await plane
      .transaction([{ sql: addPart, params: [7] }, quickOne])
      .catch((error) => error);
    expect([failure.code, failure.statementIndex]).toEqual(["23503", undefined]);
    await expect(plane.query(addPart, [7])).rejects.toMatchObject({ code: "23503" });
    expect((await other.query("select * from part")).rowCount).toBe(0);
  });

  it("that wait for each other end with 40P01 for one of them", async () => {
    const plane = await planeWith(2);
    const bump = "update item set id = id where id = $1";
    await plane.share(bump);
    await other.query("insert into item values (1), (2), (3)");
    await other.query("begin; update item set id = id where id = 3");
    // Each holds one row and waits for the third, which `other` holds; then each wants the other's.
    const order = (first: number, last: number) =>
      plane.transaction([first, 3, last].map((id) => ({ sql: bump, params: [id] })));
    const both = Promise.allSettled([order(1, 2), order(2, 1)]);
    await expect.poll(() => fixture.countActive("update item")).toBe(2);
    await other.query("rollback");
    const statuses = (await both).map((one) => (one.status === "fulfilled" ? "done" : one.reason.code));
    expect(["40P01,done", "done,40P01", "done,done"]).toContain(statuses.join());
  });
});

const quickOne = { sql: quick, params: [1] };

describe("the queue", () => {
  it("takes 1000 requests and refuses the next with Y4004", async () => {
    const plane = await planeWith(1);
    // Some may be answered while the last ones are still coming.
    const settled = await Promise.allSettled(upTo(1_500).map((n) => plane.query(quick, [n])));
    const refused = settled.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
    expect(new Set(refused)).toEqual(new Set(["Y4004"]));
    expect(refused.length).toBeLessThanOrEqual(500);
    expect(settled.slice(0, 1_000).every((one) => one.status === "fulfilled")).toBe(true);
  });

  it.each([1, 2, 4])("lets a write in however many reads there are, with %i sessions", async (sessions) => {
    const plane = await planeWith(sessions);
    let stop = false;
    const reader = async () => {
      while (!stop) await plane.query(quick, [1]);
    };
    const readers = upTo(60).map(reader);
    const durations: number[] = [];
    for (let n = 0; n < 10; n++) durations.push(await timed(plane.query(add, [n])));
    stop = true;
    await Promise.all(readers);
    expect(Math.max(...durations)).toBeLessThan(elsewhereMs);
  });

  it("lets reads in however many writes there are", async () => {
    const plane = await planeWith(1);
    let stop = false;
    const writer = async (_: unknown, n: number) => {
      for (let id = n; !stop; id += 20) await plane.query(add, [id]);
    };
    const writers = upTo(20).map(writer);
    const durations: number[] = [];
    for (let n = 0; n < 10; n++) durations.push(await timed(plane.query(quick, [n])));
    stop = true;
    await Promise.all(writers);
    expect(Math.max(...durations)).toBeLessThan(elsewhereMs);
  });

  it("ends with the plane: who waits and who is under way is told why", async () => {
    const plane = await planeWith(1);
    await lock();
    const reads = Promise.allSettled([plane.query(locked), ...upTo(30).map((n) => plane.query(quick, [n]))]);
    await expect.poll(waiters).toBe(1);
    await plane.context.shared.close(posternError("Y3004", "Closed."));
    for (const one of await reads) {
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "Y3004" });
    }
    expect((await reads)[0]!.status).toBe("rejected");
    await expect.poll(waiters).toBe(0);
    await expect(plane.query(quick, [1])).rejects.toMatchObject({ code: "Y3004" });
  });
});
