/** A read-only token reads what its owner reads, and nothing that it sends changes anything. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EncodedAnswer } from "../../../src/query/encoded-answer.ts";
import { type QueryFixture, startQueryFixture, target, textOf } from "../../support/query-fixture.ts";

let fixture: QueryFixture;
const reader = { ...target, readOnly: true };
const parsed = async (answer: Promise<EncodedAnswer>) => JSON.parse(textOf(await answer));
const read = (sql: string, params: (string | number | number[])[] = []) =>
  parsed(fixture.service.query(reader, { sql, params }));
const batch = (...statements: string[]) =>
  parsed(fixture.service.transaction(reader, { statements: statements.map((sql) => ({ sql })) }));

beforeAll(async () => {
  fixture = await startQueryFixture();
  for (const sql of [
    "create table item (id int primary key, name text)",
    "insert into item values (1, 'one'), (2, 'two')",
    "create sequence counter",
    "create function write_item() returns int language plpgsql security definer as $$ begin insert into item values (99, 'x'); return 1; end $$",
    "create function lift() returns text language plpgsql as $$ begin perform set_config('transaction_read_only', 'off', true); insert into item values (98, 'x'); return 'done'; end $$",
    "create function lifted() returns int language sql set default_transaction_read_only = off as $$ insert into item values (97, 'x') returning id $$",
    "create procedure committing() language plpgsql as $$ begin commit; insert into item values (96, 'x'); commit; end $$",
    "create view writing as select write_item() as n",
  ])
    await fixture.query(sql);
});
afterAll(() => fixture.close());

const countItems = async () => (await fixture.query("select count(*)::int as n from item")).rows[0]!.n;

describe("what a read-only token may do", () => {
  it.each([
    ["select name from item where id = $1", [2], [{ name: "two" }]],
    ["with n as (select 1 as a) select a from n", [], [{ a: 1 }]],
    ["values (1)", [], [{ column1: 1 }]],
    [
      "table item",
      [],
      [
        { id: 1, name: "one" },
        { id: 2, name: "two" },
      ],
    ],
    ["(select 1 as a)", [], [{ a: 1 }]],
    ["/* first */ select 1 as a", [], [{ a: 1 }]],
    ["select id from item where id = any($1)", [[1]], [{ id: 1 }]],
    ["show transaction_read_only", [], [{ transaction_read_only: "on" }]],
  ])("%s", async (sql, params, rows) => {
    expect((await read(sql, params)).rows).toEqual(rows);
    // Seen twice, it may have become one that shares its session.
    expect((await read(sql, params)).rows).toEqual(rows);
  });

  it("EXPLAIN", async () => {
    expect((await read("explain (format json) select * from item")).rows).toHaveLength(1);
    expect((await read("explain verbose delete from item")).rows).not.toHaveLength(0);
  });

  it("several reads in one transaction, in any isolation", async () => {
    const { results } = await parsed(
      fixture.service.transaction(reader, {
        statements: [{ sql: "select 1 as a" }, { sql: "select 2 as a" }],
        isolation_level: "serializable",
        deferrable: true,
      }),
    );
    expect(results.map((result: { rows: unknown }) => result.rows)).toEqual([[{ a: 1 }], [{ a: 2 }]]);
  });

  it("errors point into the statement that was sent", async () => {
    await expect(read("select nonsense from item")).rejects.toMatchObject({ code: "42703", position: 8 });
    await expect(read("explain select nonsense")).rejects.toMatchObject({ code: "42703", position: 16 });
    await expect(batch("select 1", "select nonsense")).rejects.toMatchObject({
      code: "42703",
      position: 8,
      statementIndex: 1,
    });
  });
});

describe("what changes something is refused, and nothing is changed", () => {
  it.each([
    "insert into item values (3, 'x')",
    "update item set name = 'x'",
    "delete from item",
    "merge into item using (values (1)) v (id) on item.id = v.id when matched then delete",
    "truncate item",
    "create table other (id int)",
    "create temporary table other (id int)",
    "drop table item",
    "alter table item add column x int",
    "grant select on item to public",
    "comment on table item is 'x'",
    "with gone as (delete from item returning id) select id from gone",
    "select * from item for update",
    "select * into other from item",
    "select nextval('counter')",
    "select setval('counter', 100)",
    "select write_item()",
    "select * from writing",
    "explain analyze delete from item",
    "explain analyze select write_item()",
    "explain analyze create table other as select 1",
    "explain (analyze) select 1 as a into other",
    "EXPLAIN (costs off, ANALYSE true) create materialized view other as select 1",
    'explain (U&"an\\0061lyze") create table other as select 1',
    "explain (u&\"!0061nalyze\" uescape '!') create table other as select 1",
    "explain /* */ analyze create table other as select 1",
    "select lo_from_bytea(0, 'x')",
    "lock table item",
    "notify channel",
    "listen channel",
    "call committing()",
    "do $$ begin commit; insert into item values (95, 'x'); end $$",
    "prepare w as insert into item values (94, 'x')",
    "execute _p",
    "declare c cursor with hold for select write_item()",
    "vacuum item",
    "reindex table item",
    "discard all",
    "reset all",
    "set role none",
    "set session characteristics as transaction read write",
    "alter role current_user password 'x'",
    "checkpoint",
  ])("%s", async (sql) => {
    const before = await countItems();
    await expect(read(sql)).rejects.toMatchObject({ code: "Y3040" });
    await expect(batch("select 1", sql)).rejects.toMatchObject({ code: "Y3040", statementIndex: 1 });
    await expect(batch(sql)).rejects.toMatchObject({ code: "Y3040", statementIndex: 0 });
    expect(await countItems()).toBe(before);
    expect((await fixture.query("select to_regclass('other') as other")).rows).toEqual([{ other: null }]);
  });

  it.each(["commit", "rollback", "begin", "savepoint a", "end", "abort"])("%s", async (sql) => {
    await expect(batch(sql, "insert into item values (93, 'x')")).rejects.toMatchObject({
      code: expect.stringMatching(/^Y(1007|3040)$/),
    });
  });

  it.each([
    "set transaction read write",
    "set transaction_read_only = off",
    "set local transaction_read_only to off",
    "select set_config('transaction_read_only', 'off', true)",
    "select set_config('transaction_read_only', 'off', false)",
    "select set_config('default_transaction_read_only', 'off', false)",
    "select lift()",
    "select lifted()",
  ])("read-only stays, also after: %s", async (sql) => {
    await batch(sql, "select write_item()").catch(() => {});
    await batch(sql).catch(() => {});
    await read(sql).catch(() => {});
    await expect(batch("select 1", "select write_item()")).rejects.toMatchObject({ code: "Y3040" });
    await expect(read("select write_item()")).rejects.toMatchObject({ code: "Y3040" });
    expect(await countItems()).toBe(2);
  });

  it("several statements in one text", async () => {
    await expect(read("select 1; insert into item values (92, 'x')")).rejects.toMatchObject({
      code: "42601",
    });
    expect(await countItems()).toBe(2);
  });

  it("a setting that was changed does not reach the next request", async () => {
    await read("select set_config('search_path', 'elsewhere', false)");
    expect((await read("select count(*)::int as n from item")).rows).toEqual([{ n: 2 }]);
  });
});

describe("the owner's own requests", () => {
  it("write as before, on the same sessions", async () => {
    await read("select 1");
    expect((await fixture.execute("insert into item values (5, 'five')")).rows_affected).toBe(1);
    expect((await fixture.execute("delete from item where id = 5")).rows_affected).toBe(1);
  });
});
