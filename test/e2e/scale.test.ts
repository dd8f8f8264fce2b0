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
    // Waiting is what the switch costs; more than this an application would call standing still.
    expect(Math.max(...held)).toBeLessThan(15_000);
    const { rows: left } = await asAdmin("shared", database.database, "select from pg_publication");
    expect(left).toEqual([]);
  });
});

describe("between two classes with a Postgres of their own", () => {
  it("restarts it with other memory and connections while clients wait", async () => {
    const database = await create("large", { class: "db.p2" });
    const before = await urlsOf(database);
    const writers = await startWriters(postern, database);
    for (const [to, connections, limit] of [
      ["db.p3", "200", 190],
      ["db.p2", "100", 90],
    ] as const) {
      const seen = writers.acknowledged.length;
      await waitUntil("both write", async () => writers.acknowledged.length > seen + 10);
      const result = await completed(await scale(database, to));
      expect(result).toMatchObject({
        class: to,
        direct_url_changed: false,
        writes_held: null,
        backup_id: null,
      });
      expect(await query(database, "select setting from pg_settings where name = 'max_connections'")).toEqual(
        [{ setting: connections }],
      );
      expect((await describeIt(database)).connections).toMatchObject({ limit });
    }
    await writers.stop();
    expect(writers.failures).toEqual([]);
    const values = await query<{ value: string }>(database, "select value from written");
    const there = new Set(values.map(({ value }) => Number(value)));
    expect(writers.acknowledged.filter((value) => !there.has(value))).toEqual([]);
    expect(await urlsOf(database)).toEqual(before);
  });
});

describe("what is changed while the copy is made", () => {
  it("follows, also in tables without a key, and truncations and sequences do", async () => {
    const database = await create("changing");
    let rounds = 0;
    let isMoving = true;
    const changes = (async () => {
      while (isMoving) {
        await query(database, `update keyless set b = 'round ${++rounds}' where a <= 50`);
        await query(database, `delete from keyless where a = 100; `.trim().replace(/;$/, ""));
        await query(database, `insert into keyless values (100, 'again')`);
        await query(database, "select nextval('counter')");
        await query(database, 'truncate sales."Order"');
        await query(database, 'insert into sales."Order" (total) values (1)');
      }
    })();
    await waitUntil("it is being changed", async () => rounds > 2);
    const result = await completed(await scale(database, "db.p2"));
    isMoving = false;
    await changes;
    expect(result.writes_held).toBeNull();
    const [facts] = await query(
      database,
      `select (select count(*)::int from keyless) as rows, (select count(*)::int from keyless where b = 'round ${rounds}') as last,
              (select count(*)::int from keyless where b = 'again') as again, (select last_value::int from counter) as counter,
              (select count(*)::int from sales."Order") as orders`,
    );
    expect(facts).toEqual({ rows: 100, last: 50, again: 1, counter: rounds + 7, orders: 1 });
    const identities =
      "select relname from pg_class where relkind = 'r' and relreplident <> 'd' and oid >= 16384";
    const { instance } = await placeOf(database);
    expect((await asAdmin(instance, database.database, identities)).rows).toEqual([]);
    const left =
      "select subname as name from pg_subscription union all select pubname from pg_publication union all select slot_name from pg_replication_slots";
    expect((await asAdmin(instance, database.database, left)).rows).toEqual([]);
    expect((await asAdmin("shared", "postgres", left)).rows).toEqual([]);
    const { rows } = await asAdmin(
      "shared",
      "postgres",
      `select from pg_database where datname = '${database.database}' union all select from pg_roles where rolname = '${database.user}'`,
    );
    expect(rows).toEqual([]);
  });

  it("in the schema makes the move begin again, with writes held", async () => {
    const database = await create("migrating");
    const operation = await scale(database, "db.p2");
    await waitUntil("the copy is under way", async () =>
      (await read(operation.id)).steps.some(({ name }) => name === "copy"),
    );
    await query(database, "alter table keyless add column c int default 5");
    const result = await completed(operation);
    expect(await query(database, "select max(c) as c from keyless")).toEqual([{ c: 5 }]);
    // Unless it came in time to be copied.
    expect([null, "its schema changed meanwhile"]).toContain(result.writes_held);
  });

  it("cannot be followed where there are large objects: writes are held, and the result says so", async () => {
    const database = await create("blobs");
    await query(database, "select lo_from_bytea(4711, 'contents')");
    await query(database, "create unlogged table fleeting (a int)");
    await query(database, "insert into fleeting values (1)");
    const writers = await startWriters(postern, database);
    const result = await completed(await scale(database, "db.p2"));
    await writers.stop();
    expect(writers.failures).toEqual([]);
    expect(result.writes_held).toBe("it has large objects");
    expect(
      await query(
        database,
        "select encode(lo_get(4711), 'escape') as text, (select count(*)::int from fleeting) as n",
      ),
    ).toEqual([{ text: "contents", n: 1 }]);
    expect(await contentOf(database)).toMatchObject({ written: writers.acknowledged.length });
  });
});

describe("a database that sleeps", () => {
  it("is woken for the move, and sleeps and wakes in its new class", async () => {
    const database = await create("sleepy");
    const pause = () => postern.api("POST", `/v1/databases/${database.id}/pause`, {});
    for (const [to, connections] of [
      ["db.p2", "100"],
      ["db.p3", "200"],
    ] as const) {
      await pause();
      expect(await completed(await scale(database, to))).toMatchObject({ class: to });
      await pause();
      const sql = "select setting from pg_settings where name = 'max_connections'";
      expect(await query(database, sql)).toEqual([{ setting: connections }]);
    }
    expect(await contentOf(database)).toMatchObject({ counter: "7", total: "125250" });
  });
});

describe("what is refused", () => {
  it("a second move while one goes on, the same class, and what does not fit", async () => {
    const database = await create("refused");
    await expect(scale(database, "db.p1")).rejects.toMatchObject({ code: "Y3045" });
    await expect(scale(database, "db.p9")).rejects.toMatchObject({ code: "Y1001" });
    const path = `/v1/databases/${database.id}/scale`;
    await expect(postern.api("POST", path, { class: "db.p2" }, database.token)).rejects.toMatchObject({
      code: "Y2003",
    });
    const [first, second] = await Promise.allSettled([scale(database, "db.p2"), scale(database, "db.p3")]);
    const accepted = first.status === "fulfilled" ? first : second;
    const refused = first.status === "fulfilled" ? second : first;
    expect(refused).toMatchObject({ status: "rejected", reason: { code: "Y3043" } });
    if (accepted.status !== "fulfilled") throw new Error("both were refused");
    await completed(accepted.value);
    const { connections } = await describeIt(database);
    expect(connections!.limit).toBeGreaterThan(40);
    const { direct } = await urlsOf(database);
    const many = await Promise.all(
      Array.from({ length: 41 }, async () => {
        const client = new pg.Client(direct);
        await client.connect();
        return client;
      }),
    );
    await expect(scale(database, "db.p1")).rejects.toMatchObject({ code: "Y3044" });
    await Promise.all(many.map((client) => client.end()));
  });
});

describe("the command line", () => {
  it("scales, and says which URL has changed", async () => {
    await create("by-shell");
    const environment = { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() };
    const undecided = await postern.run(["db", "scale", "by-shell", "--class", "db.p2"], { environment });
    expect(undecided).toMatchObject({ code: 2, stderr: expect.stringContaining("--yes") });
    const done = await postern.run(["db", "scale", "by-shell", "--class", "db.p2", "-y"], { environment });
    expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining("DIRECT_URL") });
  });
});

/** Which server it is on now. */
async function placeOf(database: CreatedDatabase): Promise<{ instance: string }> {
  const sql = `select instance_id as instance from databases where id = '${database.id}'`;
  return (await asAdmin("system", "postern", sql)).rows[0];
}

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
