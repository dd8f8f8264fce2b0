import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { posternError } from "../../../src/base/error.ts";
import { openSession } from "../../../src/query/open-session.ts";
import { type PoolOptions, SessionPool } from "../../../src/query/session-pool.ts";
import { sessionSettings } from "../../../src/query/session-settings.ts";
import { owner, type QueryFixture, startQueryFixture, target } from "../../support/query-fixture.ts";

let fixture: QueryFixture;
const pools: SessionPool[] = [];
const gone = posternError("Y3004", "closed");

beforeAll(async () => {
  fixture = await startQueryFixture();
});
beforeEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close(gone)));
  await expect.poll(countSessions).toBe(0);
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close(gone)));
  await fixture.close();
});

const connect = (signal: AbortSignal, patienceMs = 0) =>
  openSession({ ...fixture.address, settings: sessionSettings(1_000), timeoutMs: 5_000 }, patienceMs, signal);

function createPool(options: Partial<PoolOptions> = {}): SessionPool {
  const pool = new SessionPool({
    open: connect,
    size: 2,
    queueLength: 10,
    queueTimeoutMs: 5_000,
    idleTimeoutMs: 60_000,
    maxLifetimeMs: 60_000,
    ...options,
  });
  pools.push(pool);
  return pool;
}

async function countSessions(): Promise<number> {
  const { rows } = await fixture.admin.query(
    "select count(*)::int as n from pg_stat_activity where usename = $1",
    [owner],
  );
  return rows[0].n;
}

describe("SessionPool", () => {
  it("opens no session before one is wanted and no more than its size", async () => {
    const pool = createPool();
    expect(pool.takeIdle()).toBeUndefined();
    expect(await countSessions()).toBe(0);
    const [first, second] = await Promise.all([pool.wait(), pool.wait()]);
    const third = pool.wait();
    expect(await countSessions()).toBe(2);
    pool.release(second);
    expect(await third).toBe(second);
    pool.release(first);
    expect(pool.takeIdle()).toBe(first);
  });

  it("serves those who wait in the order in which they came", async () => {
    const pool = createPool({ size: 1 });
    const session = await pool.wait();
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      const mine = await pool.wait();
      order.push(number);
      pool.release(mine);
    });
    pool.release(session);
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  it("refuses with Y4004 when too many wait or the wait is too long", async () => {
    const pool = createPool({ size: 1, queueLength: 1, queueTimeoutMs: 100 });
    await pool.wait();
    const second = pool.wait();
    await expect(pool.wait()).rejects.toMatchObject({ code: "Y4004" });
    await expect(second).rejects.toMatchObject({
      code: "Y4004",
      detail: "No connection was free for 0.1 s.",
    });
  });

  it("lets go of one who stops waiting", async () => {
    const pool = createPool({ size: 1 });
    const session = await pool.wait();
    const controller = new AbortController();
    const leaver = pool.wait(controller.signal);
    controller.abort();
    await expect(leaver).rejects.toMatchObject({ code: "Y1017" });
    pool.release(session);
    expect(pool.takeIdle()).toBe(session);
  });

  it("closes sessions that were idle too long and those that are too old", async () => {
    const pool = createPool({ idleTimeoutMs: 0 });
    pool.release(await pool.wait());
    await expect.poll(countSessions).toBe(1);
    await expect
      .poll(() => {
        pool.closeIdle();
        return countSessions();
      })
      .toBe(0);
    const shortLived = createPool({ maxLifetimeMs: 50 });
    const session = await shortLived.wait();
    await expect.poll(() => performance.now() - session.openedAt).toBeGreaterThan(50);
    shortLived.release(session);
    expect(session.connection.ended).toBe(true);
    await expect.poll(countSessions).toBe(0);
  });

  it("opens another session in place of one that was abandoned", async () => {
    const pool = createPool({ size: 1 });
    const session = await pool.wait();
    const next = pool.wait();
    await pool.abandon(session, new Error("no longer wanted"));
    expect(await next).not.toBe(session);
    await expect.poll(countSessions).toBe(1);
  });

  it("when closed ends all its sessions and turns away whoever comes", async () => {
    const pool = createPool();
    pool.release(await pool.wait());
    await pool.wait();
    const other = createPool({ size: 1 });
    await other.wait();
    const waiting = other.wait();
    waiting.catch(() => {});
    await Promise.all([pool.close(gone), other.close(gone)]);
    await expect(waiting).rejects.toBe(gone);
    await expect(pool.wait()).rejects.toBe(gone);
    await expect.poll(countSessions).toBe(0);
  });

  it("tells those who wait when no session can be opened", async () => {
    const pool = createPool({
      open: (signal) =>
        openSession({ ...fixture.address, host: "/nowhere", settings: {}, timeoutMs: 1_000 }, 100, signal),
    });
    const ends = await Promise.allSettled([pool.wait(), pool.wait(), pool.wait()]);
    expect(ends.map((end) => end.status === "rejected" && end.reason.code)).toEqual([
      "Y4001",
      "Y4001",
      "Y4001",
    ]);
  });

  it("waits in line when the role has no connection left, instead of failing", async () => {
    await fixture.admin.query(`alter role ${owner} connection limit 1`);
    try {
      const pool = createPool({ size: 2 });
      const session = await pool.wait();
      const second = pool.wait();
      setTimeout(() => pool.release(session), 100);
      expect(await second).toBe(session);
    } finally {
      await fixture.admin.query(`alter role ${owner} connection limit -1`);
    }
  });
});

describe("openSession", () => {
  it("has patience with a server that is not there yet", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pq-"));
    const options = { ...fixture.address, host: join(folder, "run"), settings: {}, timeoutMs: 1_000 };
    const opening = openSession(options, 5_000, new AbortController().signal);
    const ended = await Promise.race([
      opening.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 150)),
    ]);
    expect(ended).toBeUndefined();
    await symlink(fixture.address.host, options.host);
    (await opening).close();
    await rm(folder, { recursive: true });
  });

  it("has none with a refusal that time does not mend", async () => {
    const startedAt = performance.now();
    const failure = openSession(
      { ...fixture.address, database: "missing", settings: {}, timeoutMs: 1_000 },
      5_000,
      new AbortController().signal,
    );
    await expect(failure).rejects.toMatchObject({
      code: "Y4001",
      detail: 'database "missing" does not exist',
    });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});

describe("closing a database", () => {
  it("fails what runs with Y3004, and the next request finds it again", async () => {
    const sql = "select pg_sleep(20), 'closing'";
    const answer = fixture.query(sql);
    answer.catch(() => {});
    await expect.poll(() => fixture.countActive(sql)).toBe(1);
    await fixture.service.closeDatabase(target.databaseId);
    await expect(answer).rejects.toMatchObject({ code: "Y3004" });
    await expect.poll(() => fixture.countActive(sql)).toBe(0);
    await expect.poll(countSessions).toBe(0);
    expect((await fixture.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
  });
});
