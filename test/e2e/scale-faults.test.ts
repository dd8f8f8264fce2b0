/** A daemon that is killed anywhere in a move leaves the old database or the new one whole, and its successor ends the move. */
import type {
  CreatedDatabase,
  DatabaseInfo,
  DatabaseUrls,
  OperationInfo,
  QueryResult,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isOver, killInStep } from "../support/crash-driver.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";
import { installWriteGate, type WriteGate } from "../support/write-gate.ts";

let postern: PosternHome;
let database: CreatedDatabase;
let gate: WriteGate;
beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  gate = await installWriteGate(postern);
  database = await postern.api("POST", "/v1/databases", { name: "hit" });
  await query("create table written (value int)");
  await query("create table keyless (a int)");
  await query("insert into keyless select generate_series(1, 20000)");
});
afterAll(async () => {
  await gate?.end();
  await postern.close();
});

const query = async (sql: string) =>
  (await postern.api<QueryResult>("POST", `/v1/db/${database.id}/query`, { sql }, database.token)).rows;
const read = (id: string) => postern.api<OperationInfo>("GET", `/v1/operations/${id}`);

async function asAdmin(server: string, name: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    host: `${postern.home}/run/${server}`,
    port: 5432,
    user: "postern_admin",
    database: name,
  });
  await client.connect();
  return (await client.query(sql).finally(() => client.end())).rows;
}

/** Servers' names by where Postern's own tables say that databases are. */
const places = () =>
  asAdmin("system", "postern", "select id from instances where kind = 'process' order by id");

let value = 0;
const acknowledged: number[] = [];

it.each([
  ["db.p2", "new place"],
  ["db.p2", "copy"],
  ["db.p1", "catch up"],
  ["db.p2", "switch"],
  ["db.p1", "remove the old copy"],
  ["db.p3", "copy"],
  ["db.p2", "restart"],
])("to %s, killed in the step `%s`", async (to, step) => {
  const before = await postern.api<DatabaseInfo>("GET", `/v1/databases/${database.id}`);
  if (before.class === to) await scaleAway(to);
  const { pooled } = await postern.api<DatabaseUrls>("GET", `/v1/databases/${database.id}/urls`);
  await tryToWrite(pooled);
  await gate.closeAfter("scale_database", step);
  const { id } = await postern.api<OperationInfo>("POST", `/v1/databases/${database.id}/scale`, {
    class: to,
  });
  await killInStep(postern, gate, id, step);
  // PgBouncer and the servers outlive the daemon: whoever gets through writes.
  await tryToWrite(pooled);
  await postern.start();
  await waitUntil("the move has ended", async () => isOver(await read(id)), 90_000);
  const operation = await read(id);
  expect(operation).toMatchObject({ status: "completed", error: null });
  const after = await postern.api<DatabaseInfo>("GET", `/v1/databases/${database.id}`);
  expect(after).toMatchObject({ status: "ready", class: to, healthy: true });
  const rows = await query("select value from written");
  const there = rows.map((row) => row.value as number);
  expect(acknowledged.filter((one) => !there.includes(one))).toEqual([]);
  expect(new Set(there).size).toBe(there.length);
  expect(await query("select count(*)::int as n from keyless")).toEqual([{ n: 20000 }]);
  // Nothing of the attempt is left: no second server, no slot that holds the log back, no copy on the shared instance.
  expect(await places()).toHaveLength(to === "db.p1" ? 0 : 1);
  expect(await asAdmin("shared", "postgres", "select slot_name from pg_replication_slots")).toEqual([]);
  const copies = `select from pg_database where datname = '${database.database}'`;
  expect(await asAdmin("shared", "postgres", copies)).toHaveLength(to === "db.p1" ? 1 : 0);
  const written = acknowledged.length;
  await tryToWrite(pooled);
  expect(acknowledged).toHaveLength(written + 1);
});

/** A write that is acknowledged counts, whenever it is; one that is held or shut out may be there or not. */
async function tryToWrite(pooled: string): Promise<void> {
  const client = new pg.Client({
    connectionString: pooled,
    connectionTimeoutMillis: 1_500,
    query_timeout: 1_500,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const mine = ++value;
    await client.query("insert into written values ($1)", [mine]);
    acknowledged.push(mine);
  } catch {
    // The daemon is dead: nobody opens again what was held.
  } finally {
    await client.end().catch(() => {});
  }
}

/** To another class than the wanted one. */
async function scaleAway(from: string): Promise<void> {
  const path = `/v1/databases/${database.id}/scale`;
  const { id } = await postern.api<OperationInfo>("POST", path, {
    class: from === "db.p1" ? "db.p2" : "db.p1",
  });
  await waitUntil("the move away", async () => isOver(await read(id)), 60_000);
}
