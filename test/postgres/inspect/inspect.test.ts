/** Every look at a database, on real servers: what there is to be found is found, and the command that mends it does. */
import { access } from "node:fs/promises";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endSession } from "../../../src/postgres/end-session.ts";
import { inspectReport, inspectReports } from "../../../src/postgres/inspect/inspect-reports.ts";
import type { InspectRow } from "../../../src/postgres/inspect/report.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const olderBin = "/usr/lib/postgresql/15/bin";
const hasOlder = await access(`${olderBin}/postgres`).then(
  () => true,
  () => false,
);

/** Asks until there is an answer. */
async function found<Value>(what: string, ask: () => Promise<Value | undefined>): Promise<Value> {
  let value: Value | undefined;
  await waitUntil(what, async () => {
    value = await ask();
    return value !== undefined;
  });
  return value!;
}

describe.each([
  { name: "Postgres of the toolchain", programs: {}, skipped: false },
  {
    name: "Postgres 15",
    programs: { postgresBin: olderBin, postgresVersion: "15.test" },
    skipped: !hasOlder,
  },
])("$name", ({ programs, skipped }) => {
  let server: TestServer;
  let database: string;
  let client: pg.Client;
  const look = (name: string, overMs = 60_000) => inspectReport(name).read(client, { overMs });
  const find = (rows: InspectRow[], key: string, value: unknown) => rows.find((row) => row[key] === value);
  const connect = () => server.connect({ database });

  beforeAll(async () => {
    if (skipped) return;
    server = await startTestServer(
      { shared_preload_libraries: "pg_stat_statements", autovacuum: "off" },
      programs,
    );
    database = await server.createDatabase();
    client = await connect();
    await client.query(
      `
      create extension pg_stat_statements;
      create role reader login;
      create schema "Odd Schema";
      create table "Odd Schema"."Odd; Table" (id int primary key);
      create table users (id int primary key, email text, team int);
      insert into users select n, 'user' || n || '@example.org', n % 10 from generate_series(1, 30000) n;
      create index users_email on users (email);
      create index users_email_team on users (email, team);
      create unique index users_email_key on users (email);
      create table parents (id int primary key);
      create table children (id int primary key, parent_id int references parents);
      create index children_parent on children (parent_id);
      vacuum analyze users;`.replace("vacuum analyze users;", ""),
    );
    await client.query("vacuum analyze users");
  });
  afterAll(() => server?.stop());

  it.skipIf(skipped)("answers every look, each line with all the values that its columns name", async () => {
    for (const report of inspectReports) {
      const rows = await report.read(client, { overMs: 0 });
      for (const row of rows)
        for (const { key } of report.columns) expect(row, `${report.name} ${key}`).toHaveProperty(key);
      expect(typeof ((await report.remark?.(client)) ?? ""), report.name).toBe("string");
    }
  });

  it.skipIf(skipped)("measures tables, whatever they are called", async () => {
    const rows = await look("sizes");
    expect(find(rows, "table", "users")).toMatchObject({ rows: 30_000, toast_bytes: expect.any(Number) });
    expect(find(rows, "table", '"Odd Schema"."Odd; Table"')).toBeDefined();
    expect(rows.some(({ table }) => String(table).startsWith("pg_"))).toBe(false);
  });

  it.skipIf(skipped)("names the one to end in a chain of waiting sessions, and ends it", async () => {
    const [first, second, third] = [await connect(), await connect(), await connect()];
    const { rows } = await first.query("select pg_backend_pid() as pid");
    await first.query("begin; update users set team = 0 where id = 1");
    await second.query("begin; update users set team = 1 where id = 2");
    const second_waits = second.query("update users set team = 1 where id = 1");
    const third_waits = third.query("update users set team = 2 where id = 2");
    const blocking = await found("both wait", async () => {
      const rows = await look("blocking");
      return rows.length >= 2 ? rows : undefined;
    });
    const root = rows[0].pid as number;
    expect(new Set(blocking.map(({ mend }) => mend))).toEqual(new Set([`postern db kill ${root}`]));
    expect(blocking.every(({ blocker_statement: statement }) => typeof statement === "string")).toBe(true);
    const locks = await look("locks");
    expect(locks.filter(({ granted }) => granted === false)).toHaveLength(2);
    expect(find(locks, "granted", false)).toMatchObject({
      statement: expect.stringContaining("update users"),
    });

    expect(find(await look("activity"), "pid", root)).toMatchObject({
      state: "idle in transaction",
      mend: `postern db kill ${root}`,
    });
    expect(find(await look("long-running", 0), "pid", root)).toBeDefined();
    expect(await look("long-running")).toEqual([]);

    expect(await endSession(client, root, { onlyStatement: false })).toMatchObject({
      pid: root,
      action: "ended",
    });
    await second_waits;
    await second.query("commit");
    await third_waits;
    expect(await look("blocking")).toEqual([]);
    await Promise.all([second.end(), third.end()]);
  });

  it.skipIf(skipped)("cancels a statement and leaves its session", async () => {
    const other = await connect();
    const { rows } = await other.query("select pg_backend_pid() as pid");
    const failing = expect(other.query("select pg_sleep(600)")).rejects.toMatchObject({ code: "57014" });
    await found("it runs", async () => find(await look("activity"), "pid", rows[0].pid));
    await endSession(client, rows[0].pid, { onlyStatement: true });
    await failing;
    expect((await other.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await other.end();
  });

  it.skipIf(skipped)(
    "ends no session that is elsewhere, its own, Postgres's own, or another role's",
    async () => {
      const end = (by: pg.Client, pid: number) => endSession(by, pid, { onlyStatement: false });
      const elsewhere = await server.connect();
      const pidOf = async (one: pg.Client) =>
        (await one.query("select pg_backend_pid() as pid")).rows[0].pid as number;
      await expect(end(client, await pidOf(elsewhere))).rejects.toMatchObject({ code: "Y9010" });
      await expect(end(client, 999_999_999)).rejects.toMatchObject({ code: "Y9010" });
      await expect(end(client, await pidOf(client))).rejects.toMatchObject({ code: "Y9011" });
      const reader = await server.connect({ database, user: "reader" });
      await expect(end(reader, await pidOf(client))).rejects.toMatchObject({ code: "Y9011" });
      // That it is there can be seen, what it does cannot; the look says so.
      const hidden = await inspectReport("activity").remark!(reader);
      expect(hidden).toMatch(/^1 session is of other roles|sessions are of other roles/);
      await Promise.all([elsewhere.end(), reader.end()]);
    },
  );

  it.skipIf(skipped)(
    "tells which indexes could go, and never one that a promise or a foreign key rests on",
    async () => {
      for (let at = 0; at < 100; at += 1) await client.query("select * from users where id = $1", [at]);
      await client.query("select pg_stat_force_next_flush()").catch(() => {});
      const rows = await found("the reads are counted", async () => {
        const found = await look("indexes");
        return Number(find(found, "index", "users_pkey")?.scans) >= 100 ? found : undefined;
      });
      const notes = Object.fromEntries(rows.map(({ index, note }) => [index, note]));
      expect(notes).toEqual({
        users_pkey: null,
        users_email: expect.stringMatching(/^covered by users_email_(key|team)$/),
        users_email_team: "never used",
        users_email_key: null,
        parents_pkey: null,
        children_pkey: null,
        children_parent: null,
        "Odd; Table_pkey": null,
      });
      expect(find(rows, "index", "users_email")?.mend).toBe("DROP INDEX CONCURRENTLY public.users_email;");
    },
  );

  it.skipIf(skipped)(
    "estimates bloat near what rewriting gives back, and finds none in a fresh table",
    async () => {
      expect(find(await look("bloat"), "object", "users")).toMatchObject({ mend: null });
      await client.query(
        "create table holes as select u.* from users u, generate_series(1, 3); create index holes_email on holes (email)",
      );
      await client.query("delete from holes where id % 5 <> 0");
      // What a session has counted may come after the vacuum that set it to nothing.
      await client.query("select pg_stat_force_next_flush()");
      await client.query("vacuum analyze holes");
      const before = await look("bloat");
      const [table, index] = ["holes", "holes_email"].map((object) => find(before, "object", object)!);
      expect(table).toMatchObject({ mend: expect.stringContaining("VACUUM (FULL, ANALYZE) holes") });
      expect(index).toMatchObject({ mend: "REINDEX INDEX CONCURRENTLY holes_email;" });
      await client.query("vacuum (full, analyze) holes");
      const size = async (name: string) =>
        Number((await client.query("select pg_relation_size($1::regclass) as size", [name])).rows[0].size);
      for (const [found, name] of [
        [table, "holes"],
        [index, "holes_email"],
      ] as const) {
        const given = Number(found!.size_bytes) - (await size(name));
        expect(Number(found!.bloat_bytes) / given, name).toBeGreaterThan(0.8);
        expect(Number(found!.bloat_bytes) / given, name).toBeLessThan(1.2);
      }
    },
  );

  it.skipIf(skipped)("tells what is due for a vacuum, and no longer after it", async () => {
    await client.query(
      "create table busy as select n from generate_series(1, 2000) n; delete from busy where n > 500",
    );
    const due = await found("the deletes are counted", async () => {
      await client.query("select pg_stat_force_next_flush()").catch(() => {});
      const row = find(await look("vacuum"), "table", "busy");
      return row?.is_due === true ? row : undefined;
    });
    expect(due.mend).toBe("VACUUM (ANALYZE) busy;");
    await client.query(due.mend!);
    await waitUntil(
      "it is counted",
      async () => find(await look("vacuum"), "table", "busy")?.is_due === false,
    );
  });

  it.skipIf(skipped)(
    "tells the slowest statements without their values, and says so where nobody counts",
    async () => {
      await client.query("select pg_sleep(0.05), 'a secret'");
      const [slowest] = (await look("slow")).filter(({ statement }) => /pg_sleep/.test(String(statement)));
      expect(slowest).toMatchObject({ calls: 1, statement: "select pg_sleep($1), $2" });
      const bare = await server.connect({ database: await server.createDatabase() });
      await expect(inspectReport("slow").read(bare, { overMs: 0 })).rejects.toMatchObject({ code: "Y9012" });
      await bare.end();
    },
  );
});
