/** What a kill -9 or a full disk leaves of a database that was falling asleep, asleep, or waking: one that can be used. */
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { createSleepingDatabase, isServerUp, type SleepingDatabase } from "../support/sleeping-database.ts";
import { waitUntil } from "../support/wait-until.ts";

// A daemon is started many times, on machines that do other things as well.
vi.setConfig({ testTimeout: 240_000 });

let postern: PosternHome;
let shop: SleepingDatabase;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  shop = await createSleepingDatabase(postern, { name: "shop" });
  await shop.overPostgres("direct", "create table t as select 42 as n");
});
afterAll(() => postern.close());

const read = "select n from t";
const sleepMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function expectUsable(): Promise<void> {
  expect(await shop.overPostgres("direct", read)).toEqual([{ n: 42 }]);
  expect(await shop.overPostgres("pooled", read)).toEqual([{ n: 42 }]);
  expect(await shop.overHttp(read)).toEqual([{ n: 42 }]);
  await waitUntil("it is noted as awake", async () => (await shop.info()).status === "ready");
}

/** What is said of it is so. */
async function expectTruth(): Promise<void> {
  const { status } = await shop.info();
  expect(await shop.isUp()).toBe(status === "ready");
}

describe("a daemon that is killed", () => {
  it.each([5, 40, 120, 250, 400])(
    "%i ms after a pause has begun leaves a database that can be used",
    async (ms) => {
      await expectUsable();
      const pause = shop.pause().catch(() => {});
      await sleepMs(ms);
      await postern.stop("SIGKILL");
      await pause;
      await postern.start();
      await expectTruth();
      await expectUsable();
    },
  );

  it.each([2, 25, 60])("%i ms after a wake has begun leaves a database that can be used", async (ms) => {
    await shop.pause();
    const wake = shop.overPostgres("direct", read);
    await sleepMs(ms);
    await postern.stop("SIGKILL");
    await postern.start();
    // Whoever waited is answered, by the daemon's successor if need be.
    expect(await wake).toEqual([{ n: 42 }]);
    await expectTruth();
    await expectUsable();
  });

  it("leaves sleeping databases asleep, and whoever wants one waits for its successor", async () => {
    await shop.pause();
    await postern.stop("SIGKILL");
    const waiting = shop.overPostgres("direct", read);
    await sleepMs(300);
    expect(await shop.isUp()).toBe(false);
    await postern.start();
    expect(await waiting).toEqual([{ n: 42 }]);
    await expectUsable();
  });

  it("does not end the direct sessions of a database behind the gate", async () => {
    const client = await shop.connect("direct");
    await client.query("begin");
    await postern.stop("SIGKILL");
    expect((await client.query(read)).rows).toEqual([{ n: 42 }]);
    await postern.start();
    expect((await client.query(read)).rows).toEqual([{ n: 42 }]);
    await client.query("commit");
    await client.end();
  });
});

describe("a server", () => {
  it("that is killed while it is awake is started again", async () => {
    await expectUsable();
    const pid = await postern.serverPid(shop.instance);
    process.kill(pid, "SIGKILL");
    await waitUntil("it answers", () =>
      expectUsable().then(
        () => true,
        () => false,
      ),
    );
  });

  it("that is killed while it is being paused leaves a database that can be used", async () => {
    const pid = await postern.serverPid(shop.instance);
    const pause = shop.pause().catch(() => {});
    await sleepMs(60);
    process.kill(pid, "SIGKILL");
    await pause;
    await waitUntil("it answers", () =>
      expectUsable().then(
        () => true,
        () => false,
      ),
    );
  });

  it("that cannot be woken says so, and is tried again for the next one who comes", async () => {
    await shop.pause();
    // As on a full disk: the server cannot write what it needs to start.
    const data = join(postern.home, "instances", shop.instance, "data");
    await rename(join(data, "pg_wal"), join(data, "pg_wal.away"));
    await expect(shop.overPostgres("direct", read)).rejects.toMatchObject({ code: "57P03" });
    await expect(shop.resume()).rejects.toMatchObject({ code: "Y4002", status: 503 });
    expect((await shop.info()).status).toBe("paused");
    await rm(join(data, "pg_wal"), { recursive: true, force: true });
    await rename(join(data, "pg_wal.away"), join(data, "pg_wal"));
    await waitUntil("it answers", () =>
      expectUsable().then(
        () => true,
        () => false,
      ),
    );
  });
});

describe("the gate", () => {
  const usable = () =>
    waitUntil("it answers", () =>
      expectUsable().then(
        () => true,
        () => false,
      ),
    );

  // It begins with the first database that sleeps.
  beforeAll(async () => {
    await shop.pause();
  });

  it.each([1, 30, 90])(
    "killed %i ms after a pause has begun leaves a database that can be used",
    async (ms) => {
      await usable();
      const pid = await gatePid();
      const pause = shop.pause().catch(() => {});
      await sleepMs(ms);
      process.kill(pid, "SIGKILL");
      await pause;
      await usable();
      await expectTruth();
    },
  );

  it.each([1, 30, 60])(
    "killed %i ms after a wake has begun leaves a database that can be used",
    async (ms) => {
      await shop.pause();
      const pid = await gatePid();
      // Who waits at the gate loses the connection; SQL over HTTP makes another.
      const wakes = [shop.overPostgres("direct", read).catch(() => {}), shop.overHttp(read)];
      await sleepMs(ms);
      process.kill(pid, "SIGKILL");
      expect((await Promise.all(wakes))[1]).toEqual([{ n: 42 }]);
      await usable();
      await expectTruth();
    },
  );

  it("is started again when it is killed, with all that it held", async () => {
    await shop.pause();
    const pid = await gatePid();
    process.kill(pid, "SIGKILL");
    await waitUntil("there is another", async () => (await gatePid().catch(() => pid)) !== pid);
    await waitUntil("it answers", () =>
      expectUsable().then(
        () => true,
        () => false,
      ),
    );
  });
});

describe("down and up", () => {
  it("leave a sleeping database asleep", async () => {
    await shop.pause();
    await postern.stop("SIGTERM");
    await expect(shop.connect("direct")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await postern.start();
    expect((await shop.info()).status).toBe("paused");
    expect(await isServerUp(postern, shop.instance)).toBe(false);
    await expectUsable();
  });
});

async function gatePid(): Promise<number> {
  const status = await postern.api<{ services: { name: string; pid: number | null; status: string }[] }>(
    "GET",
    "/v1/status",
  );
  const gate = status.services.find(({ name, status: state }) => name === "gate" && state === "running");
  if (!gate?.pid) throw new Error("the gate does not run");
  return gate.pid;
}
