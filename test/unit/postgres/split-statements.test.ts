import { describe, expect, it } from "vitest";
import { SqlSyntaxError, splitStatements } from "../../../src/postgres/split-statements.ts";

const texts = async (sql: string) => (await splitStatements(sql)).map((statement) => statement.text);
const traitsOf = async (sql: string) => (await splitStatements(sql))[0]!;

describe("splitStatements", () => {
  it("cuts at the semicolons of the grammar and not at those in bodies, quotes and comments", async () => {
    const sql = `
      create function f() returns text language plpgsql as $$ begin return 'a;b'; end; $$;
      /* a ; /* nested ; */ comment */
      select 'x;''y', "c;d" from $tag$;$tag$::text; -- the end;
      create function g() returns int begin atomic select 1; select 2; end;
      do $outer$ begin execute $$ select 1; $$; end $outer$`;
    await expect(texts(sql.replace("from $tag$;$tag$::text", "from t"))).resolves.toEqual([
      "create function f() returns text language plpgsql as $$ begin return 'a;b'; end; $$",
      `select 'x;''y', "c;d" from t`,
      "create function g() returns int begin atomic select 1; select 2; end",
      "do $outer$ begin execute $$ select 1; $$; end $outer$",
    ]);
  });

  it("tells where each statement starts, in bytes, characters and lines, after text of several bytes a character", async () => {
    const sql = "-- é☃😀\n;;\nselect '😀';\n\n  insert into ü values ('ß');";
    const [first, second] = await splitStatements(sql);
    expect(first).toMatchObject({ text: "select '😀'", line: 3, start: sql.indexOf("select") });
    expect(second).toMatchObject({
      text: "insert into ü values ('ß')",
      line: 5,
      start: sql.indexOf("insert"),
    });
    expect(second!.startByte).toBe(Buffer.byteLength(sql.slice(0, sql.indexOf("insert"))));
    expect(first!.type).toBe("SelectStmt");
  });

  it("finds nothing in nothing", async () => {
    for (const sql of ["", "  \n", "-- only a comment", ";;", "/* x */;"])
      expect(await texts(sql)).toEqual([]);
  });

  it("passes over an editor's byte order mark", async () => {
    const [statement] = await splitStatements("\ufeffselect 1");
    expect(statement).toMatchObject({ text: "select 1", start: 1, line: 1 });
    await expect(splitStatements("\ufeffselect from from")).rejects.toMatchObject({ offset: 13 });
  });

  it("tells where text that is no SQL goes wrong", async () => {
    const sql = "select '😀é';\nselect wher from;";
    await expect(splitStatements(sql)).rejects.toBeInstanceOf(SqlSyntaxError);
    await expect(splitStatements(sql)).rejects.toMatchObject({
      offset: sql.indexOf(";", 15),
      message: 'syntax error at or near ";"',
    });
    await expect(splitStatements("select 'open")).rejects.toMatchObject({ offset: 7 });
    await expect(splitStatements(`select ${"1+".repeat(40_000)}1`)).rejects.toMatchObject({
      message: "a statement is nested too deeply",
    });
    await expect(splitStatements("select 1\0")).rejects.toMatchObject({ offset: 8 });
  });

  it.each([
    "create index concurrently on t (a)",
    "create unique index concurrently if not exists i on s.t (a)",
    "drop index concurrently i",
    "reindex index concurrently i",
    "reindex (concurrently) table t",
    "reindex schema s",
    "vacuum",
    "vacuum (full) t",
    "cluster",
    "create database d",
    "drop database d",
    "alter database d set tablespace s",
    "create tablespace s location '/x'",
    "drop tablespace s",
    "alter system set work_mem = '1MB'",
    "alter table t detach partition p concurrently",
    "create subscription s connection 'x' publication p",
    "alter subscription s refresh publication",
    "alter subscription s set publication p",
    "drop subscription s",
    "discard all",
  ])("knows that %s cannot run in a transaction", async (sql) => {
    expect((await traitsOf(sql)).needsNoTransaction).toBe(true);
  });

  it.each([
    "create index on t (a)",
    "drop index i",
    "reindex table t",
    "analyze t",
    "cluster t",
    "alter database d set work_mem = '1MB'",
    "alter type e add value 'x'",
    "refresh materialized view concurrently v",
    "alter table t detach partition p",
    "create subscription s connection 'x' publication p with (create_slot = false)",
    "alter subscription s set publication p with (refresh = off)",
    "reindex (concurrently off) table t",
  ])("knows that %s can run in a transaction", async (sql) => {
    expect((await traitsOf(sql)).needsNoTransaction).toBe(false);
  });

  it.each([
    ["begin", "begin"],
    ["start transaction isolation level serializable", "begin"],
    ["commit", "commit"],
    ["end", "commit"],
    ["abort", "rollback"],
    ["savepoint a", "savepoint"],
    ["rollback to a", "savepoint"],
    ["release a", "savepoint"],
    ["prepare transaction 'x'", "two_phase"],
    ["commit prepared 'x'", "two_phase"],
    ["select 'commit'", null],
  ])("reads %s as transaction control %s", async (sql, control) => {
    expect((await traitsOf(sql)).transactionControl).toBe(control);
  });

  it("knows COPY from standard input and the target of a concurrent index", async () => {
    expect((await traitsOf("copy t from stdin")).copiesFromStdin).toBe(true);
    expect((await traitsOf("copy t from '/file'")).copiesFromStdin).toBe(false);
    expect((await traitsOf("copy t to stdout")).copiesFromStdin).toBe(false);
    expect((await traitsOf("create index concurrently i on s.t (a)")).concurrentIndex).toEqual({
      table: ["s", "t"],
      name: "i",
    });
    expect((await traitsOf("create index concurrently on t (a)")).concurrentIndex).toEqual({
      table: ["t"],
      name: null,
    });
  });
});
