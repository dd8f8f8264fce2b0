import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appliedNames, column, createOwnedDatabase, migrate } from "../../support/migration-fixture.ts";
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
});

const another = (applicationName = "another") => server.connect({ database, user: owner, applicationName });

describe("a run", () => {
  it("lets no setting, role or temporary table of one file reach the next", async () => {
    const admin = await server.connect({ database });
    await admin.query(
      `create role app_${database}; grant app_${database} to ${owner}; create schema s authorization ${owner}`,
    );
    const result = await migrate(client, {
      "001.sql": `set search_path = s; set statement_timeout = '1h'; create temp table leak (); prepare p as select 1;
        create table s.first (); select pg_catalog.set_config('app.x', 'y', false); set role app_${database}`,
      "002.sql": `create table second as select current_user::text as who, current_setting('statement_timeout') as timeout,
        coalesce(current_setting('app.x', true), '') as x, to_regclass('leak') is null as clean`,
    });
    expect(result.migrations.map(({ error }) => error)).toEqual([null, null]);
    const { rows } = await client.query("select * from public.second");
    expect(rows).toEqual([{ who: owner, timeout: "0", x: "", clean: true }]);
  });

  it("refuses an applied file that was changed, names it and runs nothing", async () => {
    await migrate(client, { "001_a.sql": "create table a ()", "002_b.sql": "create table b ()" });
    const changed = {
      "001_a.sql": "create table a (x int)",
      "002_b.sql": "create table b ()",
      "003_c.sql": "create table c ()",
    };
    await expect(migrate(client, changed)).rejects.toMatchObject({
      code: "Y5001",
      message: expect.stringContaining("001_a.sql"),
      hint: expect.stringContaining("db new"),
    });
    expect(await column(client, "select to_regclass('c')")).toEqual([null]);
  });

  it("says that an applied file is gone, and that a file comes late", async () => {
    await migrate(client, { "001_a.sql": "create table a ()", "003_c.sql": "create table c ()" });
    const { notes, applied } = await migrate(client, {
      "002_b.sql": "create table b ()",
      "003_c.sql": "create table c ()",
    });
    expect(applied).toBe(1);
    expect(notes).toEqual([
      "001_a.sql is applied, but there is no such file.",
      "002_b.sql comes before 003_c.sql, which is already applied.",
    ]);
  });

  it("waits for another one and then finds all applied", async () => {
    const files = { "001.sql": "create table t (); select pg_sleep(0.3)", "002.sql": "create table u ()" };
    const [first, second] = await Promise.all([migrate(client, files), migrate(await another(), files)]);
    expect([first.applied, second.applied].sort()).toEqual([0, 2]);
    expect([first.already_applied, second.already_applied].sort()).toEqual([0, 2]);
  });

  it("says who holds the lock when it does not become free in time", async () => {
    const holder = await another("the other one");
    let holding = () => {};
    const held = new Promise<void>((resolve) => {
      holding = resolve;
    });
    const stop = new AbortController();
    const first = migrate(
      holder,
      { "001.sql": "select pg_sleep(60)" },
      { signal: stop.signal, onProgress: holding },
    );
    const stopped = expect(first).rejects.toThrow();
    await held;
    await expect(migrate(client, { "001.sql": "select 1" }, { lockTimeoutMs: 50 })).rejects.toMatchObject({
      code: "Y5003",
      detail: expect.stringContaining('"the other one"'),
    });
    stop.abort();
    await stopped;
    expect((await migrate(client, { "001.sql": "select 1" })).applied).toBe(1);
  });

  it("that is stopped ends the statement, rolls back and throws the reason", async () => {
    const stop = new AbortController();
    const watcher = await another();
    const run = migrate(
      client,
      { "001.sql": "create table t ();\nselect pg_sleep(60)" },
      { signal: stop.signal },
    );
    const rejected = expect(run).rejects.toThrow("enough");
    await waitForSleep(watcher);
    stop.abort(new Error("enough"));
    await rejected;
    expect(await column(watcher, "select to_regclass('t')")).toEqual([null]);
    expect((await migrate(client, { "001.sql": "create table t ()" })).applied).toBe(1);
  });

  it("whose session the server ends leaves nothing, and its lock is free", async () => {
    const watcher = await another();
    const run = migrate(client, { "001.sql": "create table t ();\nselect pg_sleep(60)" });
    const rejected = expect(run).rejects.toMatchObject({ code: "57P01" });
    await watcher.query("select pg_terminate_backend($1)", [await waitForSleep(watcher)]);
    await rejected;
    expect(await column(watcher, "select to_regclass('t')")).toEqual([null]);
    expect(await appliedNames(watcher)).toEqual([]);
    expect((await migrate(watcher, { "001.sql": "create table t ()" })).applied).toBe(1);
  });

  it("tells before each file how far it is", async () => {
    const seen: unknown[] = [];
    await migrate(
      client,
      { "001.sql": "select 1", "002.sql": "select 1" },
      { onProgress: (at) => seen.push(at) },
    );
    expect(seen).toEqual([
      { done: 0, total: 2, file: "001.sql" },
      { done: 1, total: 2, file: "002.sql" },
    ]);
  });

  it("applies 300 files in the order of their names within seconds", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [
        `${String(index).padStart(4, "0")}_step.sql`,
        index === 0
          ? "create table steps (n serial, step int)"
          : `insert into steps (step) values (${index})`,
      ]),
    );
    const startedAt = performance.now();
    expect((await migrate(client, files)).applied).toBe(300);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(await column(client, "select count(*)::int from steps where n = step")).toEqual([299]);
    expect((await migrate(client, files)).already_applied).toBe(300);
  });
});

async function waitForSleep(watcher: pg.Client): Promise<number> {
  let pid: unknown;
  await waitUntil("a statement sleeps", async () => {
    const sleeping =
      "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
    [pid] = await column(watcher, sleeping);
    return pid !== undefined;
  });
  return pid as number;
}
