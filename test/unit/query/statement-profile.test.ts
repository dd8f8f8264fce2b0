import { describe, expect, it } from "vitest";
import { type ProfileKind, profileStatement } from "../../../src/query/shared/statement-profile.ts";

const profile = (kind: ProfileKind, found: object = {}) => ({
  kind,
  relations: [],
  ambiguousRelations: [],
  functions: [],
  attributes: [],
  ...found,
});

describe("statements that may share a session, with what they name", () => {
  it.each<[sql: string, kind: ProfileKind, found: object]>([
    ["select 1", "read", {}],
    ["select $1::int + 1", "read", {}],
    ["values (1), (2)", "read", {}],
    ["table item", "read", { relations: ['"item"'] }],
    ["select 1;", "read", {}],
    ["/* a */ select 1 -- b", "read", {}],
    ["select * from item", "read", { relations: ['"item"'] }],
    ['select * from shop."My "" Item"', "read", { relations: ['"shop"."My "" Item"'] }],
    ["select * from Item", "read", { relations: ['"item"'] }],
    [
      "select * from a join b using (id) left join c on c.id = a.id2",
      "read",
      { relations: ['"a"', '"b"', '"c"'], attributes: ["id", "id2"] },
    ],
    [
      "select (select max(x) from a) from b where exists (table c)",
      "read",
      { relations: ['"a"', '"b"', '"c"'], functions: ["max"] },
    ],
    [
      "select 1 from a union all (select 2 from b order by 1 limit 3) except table c",
      "read",
      { relations: ['"a"', '"b"', '"c"'] },
    ],
    [
      "with a as (select 1 from b) select * from a",
      "read",
      { relations: ['"b"'], ambiguousRelations: ['"a"'] },
    ],
    ["with a as (select 1) select * from public.a", "read", { relations: ['"public"."a"'] }],
    [
      "with recursive a(n) as (select 1 union all select n + 1 from a where n < 9) select * from a",
      "read",
      { ambiguousRelations: ['"a"'] },
    ],
    [
      "select pg_catalog.lower(x), my.fn(y) from a",
      "read",
      { relations: ['"a"'], functions: ["lower", "fn"] },
    ],
    [
      "select extract(year from d), substring(s from 2), d at time zone 'UTC' from a",
      "read",
      { relations: ['"a"'], functions: ["extract", "substring", "timezone"] },
    ],
    ["select * from generate_series(1, 3) with ordinality", "read", { functions: ["generate_series"] }],
    ["select make_interval(days => 3)", "read", { functions: ["make_interval"] }],
    ["select case when a then b else coalesce(c, greatest(d, e)) end from t", "read", { relations: ['"t"'] }],
    [
      "select sum(x) filter (where y) over (partition by z order by w) from t",
      "read",
      { relations: ['"t"'], functions: ["sum"] },
    ],
    [
      "select a, count(*) from t group by rollup (a) having grouping(a) = 0",
      "read",
      { relations: ['"t"'], functions: ["count"] },
    ],
    ["select current_date, current_user, array[1, 2], (array[1, 2])[1], row(1, 2)", "read", {}],
    [
      "select a from t where a like $1 and b = any($2) and c between 1 and 2 and d in (1, 2)",
      "read",
      { relations: ['"t"'] },
    ],
    ["select", "read", {}],
    ["select ('s'::regclass).nextval", "write", { attributes: ["nextval"] }],
    [
      "select t.full_name, (t).other, (f(t)).third from t",
      "read",
      { relations: ['"t"'], functions: ["f"], attributes: ["full_name", "other", "third"] },
    ],
    ["select nextval('s')", "write", { functions: ["nextval"] }],
    ["select setval('s', 3)", "write", { functions: ["setval"] }],
    ["select * from item for update", "write", { relations: ['"item"'] }],
    ["select * from item for key share skip locked", "write", { relations: ['"item"'] }],
    ["select * from (select * from item for share) i", "write", { relations: ['"item"'] }],
    ["insert into item default values", "insert", { relations: ['"item"'] }],
    ["insert into item (a) values ($1) returning *", "insert", { relations: ['"item"'] }],
    ["insert into a select * from b", "change", { relations: ['"a"', '"b"'] }],
    [
      "insert into item (a) values (1) on conflict (lower(a)) where b do update set a = upper(excluded.a)",
      "change",
      { relations: ['"item"'], functions: ["lower", "upper"], attributes: ["a"] },
    ],
    [
      "update item set (a, b) = (select 1, 2) from other where other.id = item.id",
      "change",
      { relations: ['"item"', '"other"'], attributes: ["id"] },
    ],
    [
      "update job set taken = true where id = (select id from job for update skip locked limit 1)",
      "write",
      { relations: ['"job"'] },
    ],
    ["with gone as (delete from a) select 1", "write", { relations: ['"a"'] }],
    ["update item set n = nextval('s')", "write", { relations: ['"item"'], functions: ["nextval"] }],
    ["update item set a[1] = 2, b.c = default", "change", { relations: ['"item"'] }],
    [
      "delete from only item using other returning item.id",
      "change",
      { relations: ['"item"', '"other"'], attributes: ["id"] },
    ],
    [
      "merge into item using other on true when matched then delete when not matched then insert values (abs(1))",
      "change",
      { relations: ['"item"', '"other"'], functions: ["abs"] },
    ],
    [
      "with gone as (delete from item returning *) select * from gone",
      "write",
      { relations: ['"item"'], ambiguousRelations: ['"gone"'] },
    ],
    [
      "with item as (select 1 as a) insert into item select a from item",
      "change",
      { ambiguousRelations: ['"item"'] },
    ],
  ])("%s", async (sql, kind, found) => {
    expect(await profileStatement(sql, "owner")).toEqual(profile(kind, found));
  });
});

describe("statements that must have a session to themselves", () => {
  it.each([
    "",
    "-- nothing",
    "selec 1",
    "select 1; select 2",
    "select 1; set work_mem = '1GB'",
    "select 1 into a",
    "select * into temp a from b",
    "with a as (select 1) select * into b from a",
    "create table a (b int)",
    "create temp table a as select 1",
    "set work_mem = '1GB'",
    "set local work_mem = '1GB'",
    "show work_mem",
    "reset all",
    "discard all",
    "begin",
    "commit",
    "savepoint a",
    "prepare a as select 1",
    "execute a",
    "deallocate all",
    "declare a cursor for select 1",
    "fetch 1 from a",
    "listen a",
    "notify a",
    "lock table a",
    "copy a to stdout",
    "call a()",
    "do 'begin end'",
    "explain select 1",
    "explain analyze delete from a",
    "truncate a",
    "vacuum a",
    "analyze a",
    "refresh materialized view a",
    "delete from a where current of b",
    "select * from xmltable('/a' passing '<a/>' columns b int)",
    "select xmlelement(name a)",
    "select * from a tablesample system (1)",
    "select * from other_database.public.item",
    "insert into other_database.public.item default values",
    "select * from rows from (f() as (a int)) t",
  ])("%s", async (sql) => {
    expect(await profileStatement(sql, "owner")).toBeUndefined();
  });

  it("a text that is cut short by a NUL for the parser, but not for Postgres", async () => {
    expect(await profileStatement("select 1\0; set work_mem = '1GB'", "owner")).toBeUndefined();
  });

  it("a text of more than 16 KiB", async () => {
    expect(await profileStatement(`select ${"1 + ".repeat(5_000)} 1`, "owner")).toBeUndefined();
  });
});
