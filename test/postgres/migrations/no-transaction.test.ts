import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeMigrations } from "../../../src/migrations/describe-migrations.ts";
import {
  appliedNames,
  column,
  createOwnedDatabase,
  filesOf,
  migrate,
} from "../../support/migration-fixture.ts";
import { startTestServer, type TestServer } from "../../support/test-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

let server: TestServer;
let database: string;
let owner: string;
let client: pg.Client;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  ({ database, owner } = await createOwnedDatabase(server));
  client = await server.connect({ database, user: owner });
  await client.query("create table t (a int, b int)");
});

const reconnect = () => server.connect({ database, user: owner });
const indexes = (session = client) =>
  column(
    session,
    "select indexrelid::regclass::text from pg_index where indrelid = 't'::regclass order by 1",
  );
const unfinished = (session = client) =>
  column(session, "select statements_done from postern.unfinished_migrations");

describe("a file that cannot be one transaction", () => {
  it("runs statement by statement, and the outcome says so", async () => {
    const { migrations } = await migrate(client, {
      "001.sql": `create table u (a int);
        create index concurrently t_a on t (a);
        create index concurrently on t (b);
        reindex index concurrently t_a;
        vacuum t;`,
    });
    expect(migrations[0]).toMatchObject({ outcome: "applied", no_transaction: true, error: null });
    expect(await indexes()).toEqual(["t_a", "t_b_idx"]);
    expect(await appliedNames(client)).toEqual(["001.sql"]);
    expect(await column(client, "select no_transaction from postern.schema_migrations")).toEqual([true]);
    expect(await unfinished()).toEqual([]);
  });

  it("may ask for it, for procedures that commit", async () => {
    const body = `create procedure p() language plpgsql as $$
      begin
        insert into t values (1);
        commit;
        insert into t values (2);
      end $$;
      call p();`;
    const { migrations: refused } = await migrate(client, { "001.sql": body });
    expect(refused[0]!.error).toMatchObject({
      code: "2D000",
      line: 7,
      hint: expect.stringContaining("-- postern:no-transaction"),
    });
    const { migrations } = await migrate(client, {
      "001.sql": `-- A procedure.\n-- postern:no-transaction\n${body}`,
    });
    expect(migrations[0]).toMatchObject({ outcome: "applied", no_transaction: true });
    expect(await column(client, "select a from t order by a")).toEqual([1, 2]);
  });

  it("cannot control transactions", async () => {
    const { migrations } = await migrate(client, {
      "001.sql": "begin;\ncreate index concurrently t_a on t (a);\ncommit;",
    });
    expect(migrations[0]!.error).toMatchObject({ code: "Y5007", line: 1 });
    expect(await indexes()).toEqual([]);
  });

  it("that fails halfway keeps what is done, drops the invalid index, and is continued once it is mended", async () => {
    await client.query("insert into t values (1, 1), (1, 2)");
    const file = `create table u ();
      create unique index concurrently t_a on t (a);
      create table v ();`;
    const { migrations } = await migrate(client, { "001.sql": file, "002.sql": "create table w ()" });
    expect(migrations.map(({ outcome }) => outcome)).toEqual(["failed", "not_run"]);
    expect(migrations[0]).toMatchObject({
      no_transaction: true,
      error: { code: "23505", line: 2, hint: expect.stringContaining("the next run goes on from here") },
    });
    expect(await indexes()).toEqual([]);
    expect(await unfinished()).toEqual([1]);

    await client.query("delete from t where b = 2");
    const again = await migrate(client, { "001.sql": file, "002.sql": "create table w ()" });
    expect(again.applied).toBe(2);
    expect(again.migrations[0]!.notes).toEqual([
      "001.sql was continued after the 1 statement that an earlier run did.",
    ]);
    expect(await indexes()).toEqual(["t_a"]);
    expect(await unfinished()).toEqual([]);
  });

  it("may be mended after what is done, and not in what is done", async () => {
    const first = "set search_path = public; create table u ();";
    await migrate(client, { "001.sql": `${first} create index concurrently t_x on t (x);` });
    expect(await unfinished()).toEqual([2]);
    expect((await describeMigrations(client, filesOf({ "001.sql": `${first} vacuum t;` })))[0]).toMatchObject(
      {
        state: "pending",
        plan: { statements: 3, statements_done: 2, no_transaction: true },
      },
    );

    const changed = `set search_path = public; create table other (); create index concurrently t_a on t (a);`;
    await expect(migrate(client, { "001.sql": changed })).rejects.toMatchObject({
      code: "Y5008",
      hint: expect.stringContaining("postern.forget_progress('001.sql')"),
    });
    expect(await column(client, "select to_regclass('other')")).toEqual([null]);

    expect(
      (await migrate(client, { "001.sql": `${first} create index concurrently t_a on t (a);` })).applied,
    ).toBe(1);
    expect(await indexes()).toEqual(["t_a"]);
  });

  it("whose first statement fails may be changed at will", async () => {
    await migrate(client, { "001.sql": "create index concurrently t_x on t (x)" });
    expect(await unfinished()).toEqual([]);
    expect((await migrate(client, { "001.sql": "create index t_a on t (a)" })).applied).toBe(1);
  });

  it("takes over settings and roles of the statements that are done when it is continued", async () => {
    const admin = await server.connect({ database });
    await admin.query(`create schema s authorization ${owner}`);
    const file =
      "set search_path = s; create table inside (a int); create index concurrently i on inside (a, WHAT);";
    await migrate(client, { "001.sql": file });
    const session = await reconnect();
    expect((await migrate(session, { "001.sql": file.replace(", WHAT", "") })).applied).toBe(1);
    expect(await column(session, "select to_regclass('s.i') is not null")).toEqual([true]);
  });
});

describe("a run that dies in the middle of CREATE INDEX CONCURRENTLY", () => {
  /** An open transaction that has written to the table keeps the index from being built. */
  async function blockedRun(sql: string) {
    const blocker = await reconnect();
    await blocker.query("begin; insert into t values (7, 7)");
    const run = migrate(client, { "001.sql": sql });
    const settled = run.then(
      () => undefined,
      (error: unknown) => error,
    );
    const watcher = await reconnect();
    let pid: unknown;
    await waitUntil("the index is being built", async () => {
      [pid] = await column(
        watcher,
        "select pid from pg_stat_activity where datname = current_database() and query ilike 'create%index concurrently%' and wait_event_type = 'Lock'",
      );
      return pid !== undefined;
    });
    return { blocker, settled, watcher, pid };
  }

  const file = "create table u ();\ncreate index concurrently t_a on t (a);\ncreate table v ();";

  it.each([file, file.replace("t_a on", "on")])("is continued: %s", async (sql) => {
    const { blocker, settled, watcher, pid } = await blockedRun(sql);
    await watcher.query("select pg_terminate_backend($1)", [pid]);
    expect(await settled).toMatchObject({ code: "57P01" });
    await blocker.query("commit");
    expect(await column(watcher, "select indisvalid from pg_index where indrelid = 't'::regclass")).toEqual([
      false,
    ]);

    const { migrations, applied } = await migrate(watcher, { "001.sql": sql });
    expect(applied).toBe(1);
    expect(migrations[0]!.notes).toContain("The invalid index that an interrupted run left was dropped.");
    expect(await column(watcher, "select indisvalid from pg_index where indrelid = 't'::regclass")).toEqual([
      true,
    ]);
    expect(await column(watcher, "select count(*)::int from pg_class where relname in ('u', 'v')")).toEqual([
      2,
    ]);
  });

  it("waits for the server when only the client has gone, and does not build the index twice", async () => {
    const { blocker, settled, watcher } = await blockedRun(file);
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    await settled;
    const next = migrate(watcher, { "001.sql": file });
    await blocker.query("commit");
    expect((await next).applied).toBe(1);
    expect(await column(watcher, "select indisvalid from pg_index where indrelid = 't'::regclass")).toEqual([
      true,
    ]);
  });

  it("is not kept waiting by the next migrator, which waits for it", async () => {
    const { blocker, settled, watcher } = await blockedRun(file);
    let asked = 0;
    const query = watcher.query.bind(watcher) as (...args: unknown[]) => unknown;
    watcher.query = ((...args: unknown[]) => {
      asked += /advisory_lock/.test(String(args[0])) ? 1 : 0;
      return query(...args);
    }) as typeof watcher.query;
    const next = migrate(watcher, { "001.sql": file });
    await waitUntil("the other migrator has begun to wait", async () => asked > 1);
    await blocker.query("commit");
    expect(await settled).toBeUndefined();
    expect((await next).applied).toBe(0);
  });

  it("is continued after a crash of the server", async () => {
    const { settled } = await blockedRun(file);
    await server.crashAndRestart();
    expect(await settled).toBeDefined();
    const session = await reconnect();
    expect((await migrate(session, { "001.sql": file })).applied).toBe(1);
    expect(await indexes(session)).toEqual(["t_a"]);
    expect(await column(session, "select indisvalid from pg_index where indrelid = 't'::regclass")).toEqual([
      true,
    ]);
  });
});
