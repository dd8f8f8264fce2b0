import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type QueryFixture, startQueryFixture } from "../../support/query-fixture.ts";

/** One connection, so that each request gets the session that the one before has left. */
let fixture: QueryFixture;
let session: unknown;
const pid = async () => (await fixture.query("select pg_backend_pid() as pid")).rows[0]!.pid;

beforeAll(async () => {
  fixture = await startQueryFixture({ connectionsPerDatabase: 1 });
  await fixture.execute("create sequence counter");
  session = await pid();
});
afterAll(() => fixture.close());

const leftBehind: [what: string, leave: string[], look: string, seen: unknown][] = [
  ["a setting", ["set work_mem = '77MB'"], "select current_setting('work_mem') = '77MB' as v", false],
  [
    "a setting by function",
    ["select set_config('my.secret', 'x', false)"],
    "select coalesce(current_setting('my.secret', true), '') as v",
    "",
  ],
  [
    "the search path",
    ["set search_path = pg_catalog"],
    "select current_setting('search_path') = 'pg_catalog' as v",
    false,
  ],
  [
    "the time zone",
    ["set time zone 'Asia/Tokyo'"],
    "select current_setting('TimeZone') = 'Asia/Tokyo' as v",
    false,
  ],
  [
    "a read-only default",
    ["set default_transaction_read_only = on"],
    "select current_setting('default_transaction_read_only') as v",
    "off",
  ],
  [
    "a lifted timeout",
    ["set statement_timeout = 0"],
    "select current_setting('statement_timeout') as v",
    "30s",
  ],
  [
    "a temporary table",
    ["create temp table secret as select 1"],
    "select to_regclass('secret') is not null as v",
    false,
  ],
  [
    "a temporary view that shadows a table",
    ["create temp view pg_class as select 1 as x"],
    "select count(*) > 10 as v from pg_class",
    true,
  ],
  [
    "an advisory lock",
    ["select pg_advisory_lock(42)"],
    "select count(*)::int as v from pg_locks where locktype = 'advisory'",
    0,
  ],
  [
    "a prepared statement",
    ["prepare secret as select 1"],
    "select count(*)::int as v from pg_prepared_statements",
    0,
  ],
  [
    "a held cursor",
    ["declare secret cursor with hold for select 1"],
    "select count(*)::int as v from pg_cursors where name = 'secret'",
    0,
  ],
  ["a subscription", ["listen secret"], "select count(*)::int as v from pg_listening_channels()", 0],
  [
    "the last value of a sequence",
    ["select nextval('counter')"],
    "select pg_sequence_last_value('counter') is not null as v",
    true,
  ],
];

describe("nothing of a session passes to the next request", () => {
  it.each(leftBehind)("%s", async (_what, leave, look, seen) => {
    for (const sql of leave) await fixture.execute(sql);
    expect((await fixture.query(look)).rows).toEqual([{ v: seen }]);
    expect(await pid()).toBe(session);
  });

  it.each(leftBehind)("%s, left by a transaction", async (_what, leave, look, seen) => {
    await fixture.transaction(leave);
    expect((await fixture.query(look)).rows).toEqual([{ v: seen }]);
    expect(await pid()).toBe(session);
  });

  it("currval of a sequence", async () => {
    await fixture.query("select nextval('counter')");
    await expect(fixture.query("select currval('counter')")).rejects.toMatchObject({ code: "55000" });
  });

  it("SET ROLE", async () => {
    await fixture.admin.query("create role other nologin");
    await fixture.admin.query("grant other to db_owner");
    await fixture.execute("set role other");
    expect((await fixture.query("select current_user = session_user as v")).rows).toEqual([{ v: true }]);
  });

  it("what a failed request has set before it failed", async () => {
    await expect(
      fixture.query("select set_config('my.secret', 'x', false), 1 / (random() * 0)::int"),
    ).rejects.toMatchObject({ code: "22012" });
    await expect(fixture.transaction(["set work_mem = '77MB'", "select 1/0"])).rejects.toMatchObject({
      code: "22012",
      statementIndex: 1,
    });
    const { rows } = await fixture.query(
      "select coalesce(current_setting('my.secret', true), '') as s, current_setting('work_mem') = '77MB' as w",
    );
    expect(rows).toEqual([{ s: "", w: false }]);
    expect(await pid()).toBe(session);
  });

  it("a transaction that a procedure has begun ends with the request", async () => {
    await fixture.execute(
      "create procedure settle() language plpgsql as 'begin commit; perform pg_advisory_xact_lock(43); end'",
    );
    await fixture.execute("call settle()");
    const { rows } = await fixture.query(
      "select count(*)::int as v from pg_locks where locktype = 'advisory'",
    );
    expect(rows).toEqual([{ v: 0 }]);
    expect(await pid()).toBe(session);
  });
});
