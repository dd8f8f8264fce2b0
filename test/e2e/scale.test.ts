/** A database changes its class while applications write to it: every acknowledged row is there afterwards. */
import type {
  CreatedDatabase,
  DatabaseInfo,
  DatabaseUrls,
  OperationInfo,
  QueryResult,
  ScaleResult,
} from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { startWriters } from "../support/steady-writers.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
});
afterAll(() => postern.close());

const describeIt = ({ id }: { id: string }) => postern.api<DatabaseInfo>("GET", `/v1/databases/${id}`);
const urlsOf = ({ id }: { id: string }) => postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`);
const query = async <Row>({ id, token }: CreatedDatabase, sql: string) =>
  (await postern.api<QueryResult<Row>>("POST", `/v1/db/${id}/query`, { sql }, token)).rows;
const scale = ({ id }: { id: string }, to: string) =>
  postern.api<OperationInfo>("POST", `/v1/databases/${id}/scale`, { class: to });
const read = (id: string) => postern.api<OperationInfo>("GET", `/v1/operations/${id}`);

async function ended({ id }: OperationInfo): Promise<OperationInfo> {
  let operation: OperationInfo | undefined;
  await waitUntil(
    "the move has ended",
    async () => {
      operation = await read(id).catch(() => undefined);
      return operation !== undefined && !["pending", "running"].includes(operation.status);
    },
    120_000,
  );
  return operation!;
}

async function completed(operation: OperationInfo): Promise<ScaleResult> {
  const end = await ended(operation);
  expect(end.error).toBeNull();
  return end.result as ScaleResult;
}

const schema = [
  "create table written (id bigint generated always as identity primary key, value bigint, source text)",
  "create table keyless (a int, b text)",
  "insert into keyless select n, 'old' from generate_series(1, 100) n",
  "create sequence counter start 7",
  "select nextval('counter')",
  "create schema sales",
  'create table sales."Order" (id uuid primary key default gen_random_uuid(), total numeric, tags text[])',
  "insert into sales.\"Order\" (total, tags) select n, array['a', n::text] from generate_series(1, 500) n",
  'create view totals as select sum(total) as total from sales."Order"',
  "create function twice(n int) returns int language sql immutable as 'select n * 2'",
  "alter role current_user in database DB set search_path = public, sales",
  "alter role current_user set timezone = 'Europe/Berlin'",
];

async function create(name: string, input: object = {}): Promise<CreatedDatabase> {
  const database = await postern.api<CreatedDatabase>("POST", "/v1/databases", { name, ...input });
  for (const sql of schema)
    await query(
      database,
      sql.replace(" DB ", ` ${database.database} `).replace("current_user", database.user),
    );
  return database;
}

/** Everything that the owner sees of it. */
async function contentOf(database: CreatedDatabase) {
  const [facts] = await query(
    database,
    `select (select count(*)::int from written) as written, (select count(distinct value)::int from written) as distinct_values,
            (select array_agg(a order by a) from keyless where b = 'old') as keyless, (select last_value from counter) as counter,
            (select total from totals) as total, twice(21) as twice`,
  );
  return facts as Record<string, unknown>;
}

describe("from the shared Postgres to one of its own, and back, under writes", () => {
  it("keeps every acknowledged row, the URLs, the password and the token", async () => {
    const database = await create("busy");
    const before = await urlsOf(database);
    const held: number[] = [];
    for (const [to, isolation] of [
      ["db.p2", "process"],
      ["db.p1", "shared"],
    ] as const) {
      const writers = await startWriters(postern, database);
      await waitUntil("both have written", async () => writers.acknowledged.length > 10);
      const operation = await scale(database, to);
      const result = await completed(operation);
      const seen = writers.acknowledged.length;
      await waitUntil("both have gone on", async () => writers.acknowledged.length > seen + 10);
      await writers.stop();
      expect(result).toMatchObject({ class: to, isolation, direct_url_changed: true, writes_held: null });
      expect(writers.failures).toEqual([]);
      held.push(writers.longestMs());
      const values = await query<{ value: string }>(database, "select value from written");
      const there = new Set(values.map(({ value }) => Number(value)));
      expect(writers.acknowledged.filter((value) => !there.has(value))).toEqual([]);
      expect(await describeIt(database)).toMatchObject({
        status: "ready",
        class: to,
        isolation,
        healthy: true,
      });
      const after = await urlsOf(database);
      expect(after).toEqual({ ...before, direct: after.direct, direct_port: after.direct_port });
      expect(await contentOf(database)).toMatchObject({ counter: "7", total: "125250", twice: 42 });
      const direct = new pg.Client(after.direct);
      await direct.connect();
      const { rows } = await direct.query(
        "select current_setting('search_path') as path, current_setting('timezone') as zone",
      );
      expect(rows).toEqual([{ path: "public, sales", zone: "Europe/Berlin" }]);
      await query(database, "truncate written");
      await direct.end();
    }
    console.log(`longest waits: ${held.map((ms) => ms.toFixed(0)).join(", ")} ms`);
    const { rows: left } = await asAdmin("shared", database.database, "select from pg_publication");
    expect(left).toEqual([]);
  });
});

async function asAdmin(server: string, name: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({
    host: `${postern.home}/run/${server}`,
    port: 5432,
    user: "postern_admin",
    database: name,
  });
  await client.connect();
  return client.query(sql).finally(() => client.end());
}
