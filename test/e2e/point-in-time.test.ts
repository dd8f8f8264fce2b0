/** Going back in time with the real pgBackRest: one tenant of the shared server, and a database with its own server. */
import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type {
  CreatedDatabase,
  DaemonStatus,
  DatabaseUrls,
  OperationInfo,
  PointInTimeInfo,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withAdmin } from "../../src/instances/with-admin.ts";
import { killInStep } from "../support/crash-driver.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";
import { installWriteGate } from "../support/write-gate.ts";

let postern: PosternHome;

beforeAll(async () => {
  postern = await createPosternHome({ POSTERN_PITR: "on" });
  await start();
});
afterAll(() => postern.close());

async function start(): Promise<DaemonStatus> {
  const status = await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
  return status;
}

async function finished(operation: OperationInfo): Promise<OperationInfo> {
  let now = operation;
  while (now.status === "pending" || now.status === "running")
    now = await postern.api<OperationInfo>("GET", `/v1/operations/${operation.id}?wait=20`);
  return now;
}

async function done(operation: OperationInfo): Promise<OperationInfo> {
  const end = await finished(operation);
  expect(end.error).toBeNull();
  return end;
}

interface Database {
  id: string;
  token: string;
}

const create = (name: string, more: object = {}) =>
  postern.api<CreatedDatabase>("POST", "/v1/databases", { name, ...more });

async function query<Row>({ id, token }: Database, sql: string): Promise<Row[]> {
  const answer = await postern.api<{ rows: Row[] }>("POST", `/v1/db/${id}/query`, { sql }, token);
  return answer.rows;
}

const count = async (database: Database, table: string) =>
  (await query<{ n: number }>(database, `select count(*)::int as n from ${table}`))[0]!.n;

const windowOf = ({ id }: Database) =>
  postern.api<PointInTimeInfo>("GET", `/v1/databases/${id}/point-in-time`);
const urlsOf = ({ id }: Database) => postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`);

/** On, and past the moment at which its first backup ended. */
async function archived(database: Database): Promise<void> {
  await done(await postern.api<OperationInfo>("PUT", `/v1/databases/${database.id}/point-in-time`, {}));
  const { earliest } = await windowOf(database);
  await waitUntil("a moment after the backup", async () => Date.now() > Date.parse(earliest!));
}

/** 150 orders and a table "late"; then a moment; then most of it is gone. */
async function damage(shop: Database): Promise<string> {
  await query(shop, "insert into orders select generate_series(101, 150)");
  await query(shop, "create table late as select 1 as a");
  const at = await momentOf(shop);
  await query(shop, "delete from orders");
  await query(shop, "drop table late");
  return at;
}

/** The moment on the server's own clock, rounded up to the milliseconds of a Date. */
async function momentOf(database: Database): Promise<string> {
  const [row] = await query<{ ms: string }>(
    database,
    "select ceil(extract(epoch from clock_timestamp()) * 1000)::text as ms",
  );
  const at = Number(row!.ms);
  await waitUntil("the moment to be over", async () => Date.now() > at + 1);
  return new Date(at).toISOString();
}

const scratch = async () =>
  (await readdir(join(postern.home, "instances"))).filter((name) => name.startsWith("tmp-"));

async function answersTo(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  );
}

describe("a database on the shared server", { timeout: 150_000 }, () => {
  let shop: CreatedDatabase;
  let other: CreatedDatabase;
  let restored: CreatedDatabase;
  let at: string;

  it("has no window before its server is archived, and says why it cannot be restored", async () => {
    [shop, other] = [await create("shop"), await create("other")];
    await query(shop, "create table orders (id int primary key)");
    await query(shop, "insert into orders select generate_series(1, 100)");
    await query(other, "create table notes as select generate_series(1, 10) as n");
    expect(await windowOf(shop)).toMatchObject({ status: "starting", earliest: null });
    await expect(
      postern.api("POST", `/v1/databases/${shop.id}/restore-to-time`, { at: new Date().toISOString() }),
    ).rejects.toMatchObject({ code: "Y6020" });
  });

  it("comes back as it was at a moment, as a new database beside it", async () => {
    await archived(shop);
    at = await damage(shop);
    await query(other, "insert into notes select generate_series(11, 30)");
    restored = await postern.json<CreatedDatabase>(["db", "restore", "shop", "--at", at]);
    expect(restored).toMatchObject({ status: "ready", class: "db.p1", isolation: "shared" });
    expect(await count(restored, "orders")).toBe(150);
    expect(await count(restored, "late")).toBe(1);
    expect(await count(shop, "orders")).toBe(0);
    expect(await count(other, "notes")).toBe(30);
    expect(await scratch()).toEqual([]);
    const backups = await postern.api<unknown[]>("GET", `/v1/databases/${shop.id}/backups`);
    expect(backups).toEqual([]);
  });

  it("cannot be taken back to a time before its archive, to the future, or to a time without a zone", async () => {
    const restore = (moment: string) =>
      postern.api("POST", `/v1/databases/${shop.id}/restore-to-time`, { at: moment });
    await expect(restore("2001-01-01T00:00:00Z")).rejects.toMatchObject({
      code: "Y6021",
      detail: expect.stringContaining("reaches from"),
    });
    await expect(restore("2101-01-01T00:00:00Z")).rejects.toMatchObject({ code: "Y6021" });
    await expect(restore("2026-11-21 10:15:00")).rejects.toMatchObject({ code: "Y1001" });
  });

  it("is replaced by the restored one, and keeps its id, token and URLs", async () => {
    const before = await urlsOf(shop);
    const promoted = await postern.json<{ id: string; name: string; replaced_id: string }>([
      "db",
      "promote",
      restored.id,
      "-y",
    ]);
    expect(promoted).toMatchObject({ id: shop.id, name: "shop", replaced_id: restored.id });
    expect(await count(shop, "orders")).toBe(150);
    expect(await count(restored, "orders")).toBe(0);
    expect(await urlsOf(shop)).toEqual(before);
    expect(await answersTo(before.pooled)).toBe(true);
    expect(await answersTo(before.direct)).toBe(true);
    await query(shop, "create table mine (a int)");
    await query(shop, "alter table orders add column note text");
  });

  it("can be had at two moments at once", async () => {
    const ways = await Promise.all(
      ["a", "b"].map((name) =>
        postern.api<CreatedDatabase>("POST", `/v1/databases/${other.id}/restore-to-time`, { at, name }),
      ),
    );
    for (const way of ways) {
      await done(await postern.api<OperationInfo>("GET", `/v1/operations/${way.operation_id}`));
      expect(await count(way, "notes")).toBe(10);
    }
  });
});

describe("a database with a server of its own", { timeout: 150_000 }, () => {
  let own: CreatedDatabase;
  let restored: CreatedDatabase;
  let at: string;

  it("comes back with passwords of its own, though the daemon is killed on the way", async () => {
    own = await create("own", { class: "db.p3", isolation: "process" });
    await query(own, "create table orders (id int primary key)");
    await query(own, "insert into orders select generate_series(1, 100)");
    await archived(own);
    at = await damage(own);
    const gate = await installWriteGate(postern);
    await gate.closeAfter("restore_to_time", "files");
    restored = await postern.api<CreatedDatabase>("POST", `/v1/databases/${own.id}/restore-to-time`, { at });
    for (const [step, next] of [["files", "replay"], ["replay", "server"], ["server"]] as const) {
      await killInStep(postern, gate, restored.operation_id, step);
      if (next !== undefined) await gate.closeAfter("restore_to_time", next);
      await start();
    }
    await gate.end();
    await done(await postern.api<OperationInfo>("GET", `/v1/operations/${restored.operation_id}`));
    expect(await count(restored, "orders")).toBe(150);
    expect(await count(own, "orders")).toBe(0);
    const [mine, theirs] = [await urlsOf(restored), await urlsOf(own)];
    expect(await answersTo(mine.direct)).toBe(true);
    const mixed = new URL(mine.direct);
    mixed.username = new URL(theirs.direct).username;
    mixed.password = new URL(theirs.direct).password;
    expect(await answersTo(mixed.href)).toBe(false);
  });

  it("is replaced by the restored one, and keeps its id, token and URLs", async () => {
    const before = await urlsOf(own);
    const operation = await postern.api<OperationInfo>("POST", `/v1/databases/${restored.id}/promote`, {});
    await done(operation);
    expect(await count(own, "orders")).toBe(150);
    expect(await count(restored, "orders")).toBe(0);
    expect(await urlsOf(own)).toEqual(before);
    expect(await answersTo(before.direct)).toBe(true);
    expect(await answersTo(before.pooled)).toBe(true);
  });
});

/** As the server does by itself within a minute. */
async function switchLog(server: string): Promise<void> {
  await withAdmin({ config: { home: postern.home } }, server, "postgres", async (client) => {
    const { rows } = await client.query<{ file: string }>("select pg_walfile_name(pg_switch_wal()) as file");
    await waitUntil("the log is in the archive", async () => {
      const { rows: archiver } = await client.query<{ last: string | null }>(
        "select last_archived_wal as last from pg_stat_archiver",
      );
      return (archiver[0]!.last ?? "").slice(0, 24) >= rows[0]!.file;
    });
  });
}

describe("servers whose data is lost", { timeout: 150_000 }, () => {
  it("are not started empty, and come back from their archives", async () => {
    const shop = await create("late-shop");
    const own = await create("lost", { class: "db.p3", isolation: "process" });
    await query(own, "create table orders as select generate_series(1, 70) as id");
    await archived(own);
    await archived(shop);
    await query(own, "insert into orders select generate_series(71, 80)");
    await query(shop, "create table orders as select generate_series(1, 40) as id");
    const { services } = await postern.api<DaemonStatus>("GET", "/v1/status");
    const servers = ["shared", services.filter(({ name }) => name.startsWith("ins-")).at(-1)!.name];
    for (const server of servers) await switchLog(server);
    await postern.stop("SIGKILL");
    for (const name of servers) {
      process.kill(await postern.serverPid(name), "SIGKILL");
      await rm(join(postern.home, "instances", name, "data"), {
        recursive: true,
        force: true,
        maxRetries: 5,
      });
    }
    const status = await start();
    expect(status.status).toBe("degraded");
    expect(existsSync(join(postern.home, "instances/shared/data/PG_VERSION"))).toBe(false);
    const shared = await postern.json<{ missing_databases: string[] }>(["recover", "shared", "-y"]);
    expect(shared.missing_databases).toEqual([]);
    await postern.json(["recover", "lost", "-y"]);
    expect(await count(shop, "orders")).toBe(40);
    expect(await count(own, "orders")).toBe(80);
    await query(own, "insert into orders values (81)");
  });

  it("are not recovered while they run", async () => {
    await expect(postern.api("POST", "/v1/servers/shared/recover", {})).rejects.toMatchObject({
      code: "Y6027",
    });
  });
});
