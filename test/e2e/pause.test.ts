/** Databases that sleep: nobody who wants one is ever refused, and nothing that only looks wakes it. */
import { connect } from "node:net";
import type { ClientAccessInfo, DatabaseActivity, DatabaseInfo, OperationInfo } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import {
  createSleepingDatabase,
  type SleepingDatabase,
  waitUntilAsleep,
} from "../support/sleeping-database.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let shop: SleepingDatabase;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  shop = await createSleepingDatabase(postern, { name: "shop" });
});
afterAll(() => postern.close());

const access = () => ({ POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() });
const command = <Result>(args: string[]) => postern.json<Result>(args, { environment: access() });
const one = "select 1 as one";
const ways: Record<string, (database: SleepingDatabase) => Promise<unknown[]>> = {
  http: (database) => database.overHttp(one),
  pooled: (database) => database.overPostgres("pooled", one),
  direct: (database) => database.overPostgres("direct", one),
};
const settled = async (work: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(work)).flatMap((end) => (end.status === "rejected" ? [String(end.reason)] : []));
const sleepMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function finished(id: string): Promise<OperationInfo> {
  let operation = await postern.api<OperationInfo>("GET", `/v1/operations/${id}`);
  await waitUntil(`operation ${id} ends`, async () => {
    operation = await postern.api<OperationInfo>("GET", `/v1/operations/${id}?wait=5`);
    return operation.status !== "pending" && operation.status !== "running";
  }).catch((error: unknown) => {
    throw new Error(JSON.stringify(operation), { cause: error });
  });
  return operation;
}

describe("the first databases that sleep", () => {
  it("may do so at the same moment", async () => {
    const other = await createSleepingDatabase(postern, { name: "other" });
    expect(await settled([shop.pause(), other.pause()])).toEqual([]);
    expect(await settled(Object.values(ways).map((ask) => ask(other)))).toEqual([]);
  });
});

describe("a database that is paused", () => {
  it("has no server, and says that it is paused", async () => {
    const info = await shop.pause();
    expect(info).toMatchObject({ status: "paused", connections: null, healthy: null });
    expect(Date.parse(info.paused_at!)).toBeGreaterThan(Date.now() - 60_000);
    expect(await shop.isUp()).toBe(false);
    expect((await shop.info()).status).toBe("paused");
  });

  it.each(Object.keys(ways))("wakes by %s", async (way) => {
    await shop.pause();
    expect(await shop.isUp()).toBe(false);
    expect(await ways[way]!(shop)).toEqual([{ one: 1 }]);
    await waitUntil("it is noted as awake", async () => (await shop.info()).status === "ready");
    expect(await shop.isUp()).toBe(true);
  });

  it("wakes for fifty clients at once and answers all of them, whichever way they come", async () => {
    await shop.pause();
    const list = Object.values(ways);
    const work = Array.from({ length: 51 }, (_, at) => list[at % list.length]!(shop));
    expect(await settled(work)).toEqual([]);
  });

  it("is woken by nobody who only looks at it", async () => {
    await shop.pause();
    await shop.info();
    await postern.api("GET", "/v1/databases");
    await postern.api("GET", "/v1/status");
    await postern.api("GET", "/metrics").catch(() => {});
    const activity = await postern.api<DatabaseActivity>("GET", `/v1/databases/${shop.id}/activity`);
    expect(activity).toMatchObject({ status: "paused", reasons: [], sessions: [] });
    expect((await postern.run(["doctor"], { environment: access() })).code).toBe(0);
    const { direct_port: port } = shop.urls;
    // Whoever looks whether the port is open, and a cancel request, which comes too late.
    const looker = connect({ host: "127.0.0.1", port });
    await new Promise((resolve) => looker.once("connect", resolve));
    const cancel = Buffer.alloc(16);
    for (const [at, value] of [16, 80877102, 1, 1].entries()) cancel.writeInt32BE(value, at * 4);
    const canceler = connect({ host: "127.0.0.1", port });
    canceler.end(cancel);
    await new Promise((resolve) => canceler.once("close", resolve));
    looker.destroy();
    expect(await shop.isUp()).toBe(false);
    expect((await shop.info()).status).toBe("paused");
  });

  it("lets nobody in past the password when it wakes", async () => {
    await shop.pause();
    const { user, database, direct_port: port } = shop.urls;
    for (const [login, password] of [
      [user, "wrong"],
      ["postern_admin", ""],
    ] as const) {
      const client = new pg.Client({ host: "127.0.0.1", port, user: login, password, database });
      await expect(client.connect()).rejects.toMatchObject({ code: expect.stringMatching(/^28/) });
    }
  });

  it("refuses to have client access switched, until any query has woken it", async () => {
    const path = `/v1/databases/${shop.id}/client-access`;
    await shop.pause();
    for (const method of ["PUT", "DELETE"]) {
      await expect(postern.api(method, path, method === "PUT" ? {} : undefined)).rejects.toMatchObject({
        code: "Y4011",
        status: 409,
        hint: expect.stringContaining("any query"),
      });
    }
    await shop.overHttp(one);
    await waitUntil("it is noted as awake", async () => (await shop.info()).status === "ready");
    expect(await postern.api<ClientAccessInfo>("PUT", path, {})).toMatchObject({ enabled: true });
    await shop.pause();
    await shop.resume();
    expect(await postern.api<ClientAccessInfo>("GET", path)).toMatchObject({ enabled: true });
  });

  it("is woken by a backup, and by its own end", async () => {
    const gone = await createSleepingDatabase(postern, { name: "gone" });
    await gone.overPostgres("direct", "create table kept as select 42 as n");
    await gone.pause();
    const backup = await postern.api<OperationInfo>("POST", `/v1/databases/${gone.id}/backups`, {});
    expect(await finished(backup.id)).toMatchObject({ status: "completed" });
    await gone.pause();
    const end = await postern.api<OperationInfo>("DELETE", `/v1/databases/${gone.id}`);
    expect(await finished(end.id)).toMatchObject({ status: "completed" });
    expect(await gone.isUp()).toBe(false);
    await expect(gone.connect("direct")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const back = await postern.api<OperationInfo>("POST", `/v1/databases/${gone.id}/undelete`);
    expect(await finished(back.id)).toMatchObject({ status: "completed" });
    expect(await gone.overHttp("select n from kept")).toEqual([{ n: 42 }]);
  });
});

describe("a pause", () => {
  it("waits for statements and transactions under way", async () => {
    const pooled = await shop.connect("pooled");
    const slow = [shop.overHttp("select pg_sleep(1.5), 1 as one"), pooled.query("select pg_sleep(1.2)")];
    await waitUntil("they run", async () => {
      const { sessions } = await postern.api<DatabaseActivity>("GET", `/v1/databases/${shop.id}/activity`);
      return sessions.filter(({ state }) => state === "active").length === 2;
    });
    await shop.pause();
    expect(await settled(slow)).toEqual([]);
    // The pooled session outlives the server's sleep.
    expect((await pooled.query(one)).rows).toEqual([{ one: 1 }]);
    await pooled.end();
  });

  it("is refused with Y4010 while a transaction stays open, and says whose", async () => {
    const client = await shop.connect("direct");
    await client.query("begin");
    await client.query(one);
    await expect(shop.pause()).rejects.toMatchObject({
      code: "Y4010",
      status: 409,
      detail: expect.stringContaining("idle in transaction"),
    });
    expect((await client.query("select 2 as two")).rows).toEqual([{ two: 2 }]);
    await client.query("commit");
    await client.end();
    expect(await shop.overHttp(one)).toEqual([{ one: 1 }]);
  }, 90_000);

  it("happens once when two ask for it at once, and is over when somebody wakes it meanwhile", async () => {
    expect(await settled([shop.pause(), shop.pause()])).toEqual([]);
    expect(await shop.isUp()).toBe(false);
    const woken = ways.pooled!(shop);
    const again = shop.pause();
    expect(await woken).toEqual([{ one: 1 }]);
    expect((await again).status).toMatch(/^(paused|ready)$/);
    expect(await ways.direct!(shop)).toEqual([{ one: 1 }]);
  });

  it("disturbs nobody of many who come all the time", async () => {
    const errors: string[] = [];
    let isOver = false;
    let answers = 0;
    const comeAndGo = async (ask: (database: SleepingDatabase) => Promise<unknown>) => {
      while (!isOver) {
        await ask(shop).catch((error: unknown) => errors.push(String(error)));
        answers += 1;
        await sleepMs(10);
      }
    };
    const pool = new pg.Pool({ connectionString: shop.urls.pooled, max: 4 });
    const slowly = (database: SleepingDatabase) => database.overHttp("select pg_sleep(0.1)");
    const clients = [...Object.values(ways), slowly, () => pool.query(one)].map(comeAndGo);
    for (let cycle = 0; cycle < 20; cycle += 1) {
      await shop.pause().catch((error: unknown) => {
        if ((error as { code?: string }).code !== "Y4010") throw error;
      });
    }
    isOver = true;
    await Promise.all(clients);
    await pool.end();
    expect(errors).toEqual([]);
    expect(answers).toBeGreaterThan(30);
  }, 240_000);
});

describe("a database that sleeps by itself", () => {
  let idle: SleepingDatabase;

  beforeAll(async () => {
    idle = await createSleepingDatabase(postern, { name: "idle" });
  });

  it("does so after the time that was said, whoever keeps a connection open", async () => {
    const end = await command<DatabaseInfo>(["db", "pause", "idle", "--after", "2s"]);
    expect(end.pause_after_seconds).toBe(2);
    const idler = await idle.connect("direct");
    await idler.query(one);
    await waitUntilAsleep(idle);
    await expect(idler.query(one)).rejects.toThrow();
    expect(await idle.overHttp(one)).toEqual([{ one: 1 }]);
    await waitUntilAsleep(idle);
  });

  it("stays awake while statements come, and tells why", async () => {
    const client = await idle.connect("direct");
    const until = Date.now() + 6_000;
    while (Date.now() < until) {
      await client.query(one);
      await sleepMs(200);
    }
    expect((await idle.info()).status).toBe("ready");
    const activity = await command<DatabaseActivity>(["db", "why-awake", "idle"]);
    expect(activity.sessions).toMatchObject([{ through: "direct", user: idle.urls.user, state: "idle" }]);
    expect(activity.reasons).toEqual([expect.stringContaining("last statement")]);
    expect(Date.parse(activity.pauses_at!)).toBeGreaterThan(Date.now() - 5_000);
    expect(JSON.stringify(activity)).not.toContain("select 1");
    await client.end();
  });

  it("stays awake for ever with --after off", async () => {
    const info = await command<DatabaseInfo>(["db", "pause", "idle", "--after", "off"]);
    expect(info.pause_after_seconds).toBeNull();
    await idle.overHttp(one);
    const activity = await command<DatabaseActivity>(["db", "why-awake", "idle"]);
    expect(activity).toMatchObject({ pauses_at: null, reasons: [expect.stringContaining("never")] });
  });
});

describe("a database on the shared server", () => {
  it("can be paused, and whoever uses it wakes it", async () => {
    const shared = await createSleepingDatabase(postern, { name: "shared", class: "db.p1" });
    for (const ask of Object.values(ways)) {
      expect((await shared.pause()).status).toBe("paused");
      expect((await shared.info()).status).toBe("paused");
      expect(await ask(shared)).toEqual([{ one: 1 }]);
      await waitUntil("it is noted as awake", async () => (await shared.info()).status === "ready");
    }
  });

  it("does not sleep by itself: Y4012", async () => {
    const end = await postern.run(["db", "pause", "shared", "--after", "10m"], { environment: access() });
    expect(end).toMatchObject({ code: 2, stderr: expect.stringContaining("Y4012") });
  });
});
