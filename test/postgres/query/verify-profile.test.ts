import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { profileStatement } from "../../../src/query/shared/statement-profile.ts";
import { verifyParams, verifyQuery } from "../../../src/query/shared/verify-profile.ts";
import { owner, type QueryFixture, startQueryFixture } from "../../support/query-fixture.ts";

let fixture: QueryFixture;

const tables = [
  "create table item (id bigserial primary key, name text not null default upper('x'), tags text[], doc jsonb, at timestamptz default now(), n int check (n < 1000))",
  "create table part (id int generated always as identity primary key, item bigint references item on delete cascade, twice int generated always as (1 + 1) stored)",
  "create index on item (lower(name)) where n > 3",
  "create table log (at date, text text) partition by range (at)",
  "create table log_2026 partition of log for values from ('2026-01-01') to ('2027-01-01')",
  "create domain small as int check (value < 10)",
  "create type mood as enum ('sad', 'ok')",
  "create type pair as (a int, b text)",
  "create table typed (s small, m mood, p pair, r int4range)",
];
/** It leaves something behind in the session, though it says otherwise. */
const leaky = (args: string, returns: string, result: string) =>
  `create function leak(${args}) returns ${returns} immutable language plpgsql as $$ begin perform set_config('my.leak', 'x', false); return ${result}; end $$`;

beforeAll(async () => {
  fixture = await startQueryFixture();
  for (const sql of tables) await fixture.execute(sql);
  await fixture.admin.query("create extension citext; create extension pgcrypto; create extension tablefunc");
});
afterAll(() => fixture.close());

/** May the statement share a session? What `setup` has made is gone afterwards. */
async function mayShare(sql: string, setup: string[] = []): Promise<boolean> {
  const profile = await profileStatement(sql, "owner");
  if (!profile) return false;
  const { admin } = fixture;
  await admin.query(`begin; set local role ${owner}`);
  try {
    for (const one of setup) await admin.query(one);
    const { rows } = await admin.query({
      text: verifyQuery.owner,
      values: verifyParams(profile, "owner", false),
      rowMode: "array",
    });
    return rows[0]![0];
  } finally {
    await admin.query("rollback");
  }
}

describe("statements that share a session", () => {
  it.each([
    "select 1",
    "select * from item",
    "select * from public.item i join part p on p.item = i.id where i.id = $1",
    "select name, count(*), max(at), jsonb_agg(doc) from item group by name having count(*) > 1 order by 2",
    "select lower(name) || $1, tags[1], doc->>'a', at::date, coalesce(n, 0) from item where tags @> $2 and name ilike $3",
    "select row_number() over (partition by name order by at) from item",
    "select i.name, (typed.p).a from item i, typed",
    "with recent as (select * from item order by at desc limit 10) select * from recent",
    "with recent as (select 1 as x) select recent.x from recent",
    "select now(), current_user, random(), gen_random_uuid(), clock_timestamp(), version()",
    "select * from generate_series(1, $1) n",
    "select to_tsvector('english', name) @@ websearch_to_tsquery('english', $1) from item",
    "insert into item (name) values ($1) returning *",
    "insert into item (name, n) select name, 1 from item on conflict (id) do update set name = excluded.name",
    "insert into part (item) values ($1)",
    "update item set name = $1 where id = $2",
    "delete from item where id = any($1)",
    "merge into item using part on part.item = item.id when matched then update set n = 1",
    "select * from item where id = $1 for update",
    "insert into log values ('2026-01-01', 'x')",
    "insert into log_2026 values ('2026-01-01', 'x')",
    "select nextval('item_id_seq')",
    "insert into typed values (3, 'ok', row(1, 'x'), '[1,2)')",
    "select 'A'::citext = 'a'::citext, digest('x', 'sha256'), crypt('x', gen_salt('bf'))",
  ])("%s", async (sql) => {
    expect(await mayShare(sql)).toBe(true);
  });

  it("of a table with row security whose owner is not subject to it", async () => {
    const setup = ["alter table item enable row level security", "create policy p on item using (n > 1)"];
    expect(await mayShare("select * from item", setup)).toBe(true);
  });

  it("of a table beside which there are functions of the user's own", async () => {
    expect(await mayShare("select i.name from item i", [leaky("item", "text", "'x'")])).toBe(true);
  });

  const capture = (owner: string, call: string) => [
    "reset role",
    "create role postern_log",
    "create schema postern",
    "create function postern.capture_mutation() returns trigger language plpgsql as 'begin return null; end'",
    `alter function postern.capture_mutation() owner to ${owner}`,
    "create function evil(item) returns boolean language plpgsql as 'begin return true; end'",
    `create trigger t after insert on item for each row ${call}`,
  ];

  it.each<[what: string, owner: string, call: string, isShared: boolean]>([
    [
      "that is silent but for /records",
      "postern_log",
      "execute function postern.capture_mutation('records', '{id}')",
      true,
    ],
    ["that logs all", "postern_log", "execute function postern.capture_mutation('all', '{id}')", false],
    [
      "of somebody else's making",
      "postern_admin",
      "execute function postern.capture_mutation('records')",
      false,
    ],
    [
      "with a condition",
      "postern_log",
      "when (evil(new)) execute function postern.capture_mutation('records')",
      false,
    ],
  ])("with a trigger of the log of changes, %s", async (_what, owner, call, isShared) => {
    expect(await mayShare("insert into item (name) values ($1)", capture(owner, call))).toBe(isShared);
  });

  it("that read from a table whose triggers only changes fire", async () => {
    const setup = [
      "create function f() returns trigger language plpgsql as 'begin return new; end'",
      "create trigger t before insert on item for each row execute function f()",
    ];
    expect(await mayShare("select * from item", setup)).toBe(true);
    expect(await mayShare("select * from item for update", setup)).toBe(false);
  });
});

describe("statements that must be alone, by what they name", () => {
  it.each([
    "select * from missing",
    "select missing(1)",
    "select * from pg_class",
    "select * from pg_catalog.pg_settings",
    "select * from information_schema.tables",
    "select * from item_id_seq",
    "select current_setting('work_mem')",
    "select set_config('a.b', 'x', false)",
    "select currval('item_id_seq')",
    "select lastval()",
    "select setseed(0.5)",
    "select pg_advisory_lock(1)",
    "select pg_try_advisory_lock(1)",
    "select pg_advisory_xact_lock(1)",
    "select pg_advisory_unlock_all()",
    "select pg_backend_pid()",
    "select pg_sleep(0)",
    "select pg_notify('a', 'b')",
    "select * from pg_listening_channels()",
    "select * from pg_prepared_statement()",
    "select * from pg_cursor()",
    "select query_to_xml('select 1', true, true, '')",
    "select table_to_xml('item', true, true, '')",
    "select schema_to_xml('public', true, true, '')",
    "select * from ts_stat('select set_config(''a.b'', ''x'', false)::tsvector')",
    "select lo_create(0)",
    "select txid_current()",
    "select pg_stat_reset()",
    "select * from crosstab('select set_config(''a.b'', ''x'', false), ''a'', ''b''') as t (a text, b text)",
    "select * from connectby('item', 'id', 'n', '1', 0) as t (a int, b int, c int)",
    "select (42::int8).pg_advisory_lock",
    "select (s.x).pg_advisory_lock from (select 1::int8 as x) s",
    "select ('item_id_seq'::regclass).currval",
    "select pg_catalog.set_config('a.b', 'x', false)",
    `select "current_setting"('work_mem')`,
    `select U&"\\0063urrent_setting"('work_mem')`,
    "select * from item where name = current_setting('my.name')",
    "select count(*) filter (where set_config('a.b', name, false) = '') from item",
    "select * from item order by set_config('a.b', name, false)",
    "select * from item limit length(set_config('a.b', 'x', false))",
    "select sum(n) over (order by setseed(0)::text) from item",
    "insert into item (name) values (set_config('a.b', 'x', false))",
    "update item set name = 'x' returning set_config('a.b', 'x', false)",
    "with a as (select set_config('a.b', 'x', false)) select * from a",
  ])("%s", async (sql) => {
    expect(await mayShare(sql)).toBe(false);
  });
});

const trigger = "create function f() returns trigger language plpgsql as 'begin return new; end'";
const insert = "insert into item (name) values ('x')";

describe("statements that must be alone, by what runs without being named", () => {
  it.each<[why: string, sql: string, setup: string[]]>([
    ["a function of the user's own", "select leak(1)", [leaky("int", "int", "1")]],
    [
      "a function that overloads a builtin one",
      "select lower(name) from item",
      [leaky("int", "int", "1").replace("leak", "lower")],
    ],
    [
      "attribute notation of the user's function",
      "select i.leak from item i",
      [leaky("item", "text", "'x'")],
    ],
    ["attribute notation on a value", "select ('x'::text).leak", [leaky("text", "text", "'x'")]],
    ["attribute notation on a subquery", "select s.leak from (select 1) s", [leaky("record", "text", "'x'")]],
    [
      "an aggregate of the user's own",
      "select lock_all(id) from item",
      ["create aggregate lock_all(int8) (sfunc = int8pl, stype = int8)"],
    ],
    ["a view", "select * from v", ["create view v as select current_setting('work_mem') from item"]],
    ["a materialised view", "select * from v", ["create materialized view v as select 1"]],
    [
      "a trigger",
      insert,
      [trigger, "create trigger t before insert on item for each row execute function f()"],
    ],
    [
      "a trigger for the whole statement",
      "delete from item",
      [trigger, "create trigger t after truncate on item for each statement execute function f()"],
    ],
    [
      "a trigger on a partition",
      "insert into log values ('2026-01-01', 'x')",
      [trigger, "create trigger t before insert on log_2026 for each row execute function f()"],
    ],
    [
      "a partition's trigger that its table has",
      "insert into log_2026 values ('2026-01-01', 'x')",
      [trigger, "create trigger t before insert on log for each row execute function f()"],
    ],
    [
      "a trigger on the target of a cascade",
      "delete from item where id = 1",
      [trigger, "create trigger t before delete on part for each row execute function f()"],
    ],
    [
      "a trigger two cascades away",
      "delete from item where id = 1",
      [
        trigger,
        "create table piece (part int references part on delete set null)",
        "create trigger t before update on piece for each row execute function f()",
      ],
    ],
    [
      "a trigger of a table that inherits",
      "update item set n = 1",
      [
        trigger,
        "create table item2 () inherits (item)",
        "create trigger t before update on item2 for each row execute function f()",
      ],
    ],
    [
      "a trigger on what a CTE changes",
      "with a as (delete from item returning *) select * from a",
      [trigger, "create trigger t before delete on item for each row execute function f()"],
    ],
    [
      "a trigger on a table that a CTE is named like",
      "with item as (select 1) insert into item default values",
      [trigger, "create trigger t before insert on item for each row execute function f()"],
    ],
    ["a rule", insert, ["create rule r as on insert to item do also select set_config('a.b', 'x', false)"]],
    [
      "a default with the user's function",
      insert,
      [leaky("int", "int", "1"), "alter table item alter n set default leak(1)"],
    ],
    [
      "a default with set_config",
      insert,
      ["alter table item alter name set default set_config('a.b', 'x', false)"],
    ],
    [
      "a default of a cascade's target",
      "delete from item where id = 1",
      [
        leaky("int", "int", "1"),
        "create table piece (item bigint default leak(1) references item on delete set default)",
      ],
    ],
    [
      "a generated column",
      insert,
      [leaky("text", "text", "'x'"), "alter table item add g text generated always as (leak(name)) stored"],
    ],
    [
      "a check with the user's function",
      insert,
      [leaky("int", "int", "1"), "alter table item add check (leak(n) = 1)"],
    ],
    [
      "a check with current_setting",
      insert,
      ["alter table item add check (name <> current_setting('a.b', true))"],
    ],
    ["an index on the user's function", insert, [leaky("int", "int", "1"), "create index on item (leak(n))"]],
    [
      "an index where the user's function holds",
      "select * from item",
      [leaky("int", "int", "1"), "create index on item (n) where leak(n) = 1"],
    ],
    [
      "a partition key with the user's function",
      "insert into cut values (1)",
      [
        leaky("int", "int", "1"),
        "create table cut (a int) partition by list (leak(a))",
        "create table cut_1 partition of cut default",
      ],
    ],
    [
      "a domain's check with the user's function",
      "select $1::d",
      [leaky("int", "int", "1"), "create domain d as int check (leak(value) = 1)"],
    ],
    [
      "a domain's check with set_config",
      "select 'x'::d",
      ["create domain d as text check (set_config('a.b', value, false) <> '')"],
    ],
    [
      "a domain's default with the user's function",
      "insert into filled (b) values (1)",
      [
        leaky("int", "int", "1"),
        "create domain d as int default leak(1)",
        "create table filled (a d, b int)",
      ],
    ],
    [
      "a domain's default with set_config",
      "insert into filled (b) values (1)",
      ["create domain d as text default set_config('a.b', 'x', false)", "create table filled (a d, b int)"],
    ],
    [
      "an operator of the user's own",
      "select 1 ### 2",
      [leaky("int, int", "int", "1"), "create operator ### (leftarg = int, rightarg = int, function = leak)"],
    ],
    [
      "an operator that stands for a builtin function",
      "select !@ 42::int8",
      ["create operator !@ (rightarg = int8, function = pg_advisory_lock)"],
    ],
    [
      "a cast of the user's own",
      "select 'ok'::mood::int",
      [leaky("mood", "int", "1"), "create cast (mood as int) with function leak(mood)"],
    ],
    [
      "an implicit cast of the user's own",
      "select p + 1 from typed",
      [leaky("pair", "int", "1"), "create cast (pair as int) with function leak(pair) as implicit"],
    ],
    [
      "a range type of the user's own",
      "select 1",
      [
        leaky("float8, float8", "float8", "1"),
        "create type ranged as range (subtype = float8, subtype_diff = leak)",
      ],
    ],
    ["a temporary table", "select * from mine", ["create temp table mine (a int)"]],
    ["a temporary table that hides another", "select * from item", ["create temp table item (a int)"]],
    [
      "row security that is forced",
      "select * from item",
      [
        "alter table item enable row level security, force row level security",
        "create policy p on item using (name = current_setting('a.b'))",
      ],
    ],
    [
      "row security of a partition",
      "select * from log_2026",
      ["alter table log_2026 enable row level security, force row level security"],
    ],
    [
      "an extension's function that the user has put there",
      "select leak(1)",
      [
        leaky("int", "int", "1"),
        `set local role postern_admin`,
        `alter extension citext add function leak(int)`,
        `set local role ${owner}`,
      ],
    ],
  ])("%s", async (_why, sql, setup) => {
    expect(await mayShare(sql, setup)).toBe(false);
  });

  it("row security of a table that is somebody else's", async () => {
    const setup = [
      "reset role",
      "create table theirs (a int)",
      "alter table theirs enable row level security",
      `grant all on theirs to ${owner}`,
      `set local role ${owner}`,
    ];
    expect(await mayShare("select * from theirs", setup)).toBe(false);
    const bypass = ["reset role", `alter role ${owner} bypassrls`, ...setup];
    expect(await mayShare("select * from theirs", bypass)).toBe(true);
  });
});
