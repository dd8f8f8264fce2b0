import { describe, expect, it } from "vitest";
import { checkStatement, checkStatements } from "../../../src/query/check-request.ts";

describe("checkStatement", () => {
  it.each([
    "begin",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "start transaction",
    "commit",
    "commit and chain",
    "end",
    "rollback",
    "rollback to savepoint a",
    "abort",
    "savepoint a",
    "release savepoint a",
    "prepare transaction 'x'",
    "commit prepared 'x'",
    "rollback prepared 'x'",
    "; /* select */ -- \n commit",
  ])("refuses transaction control with Y1007: %s", (sql) => {
    expect(() => checkStatement({ sql })).toThrow(expect.objectContaining({ code: "Y1007" }));
  });

  it.each([
    "select 'commit'",
    "prepare p as select 1",
    "set transaction read only",
    "do $$ begin null; end $$",
    "select 1 -- commit",
    "create table commit_log(id int)",
    "call settle()",
    "vacuum",
  ])("lets pass what is none: %s", (sql) => {
    expect(() => checkStatement({ sql })).not.toThrow();
  });

  it("refuses COPY with Y1011 and an empty statement with Y1012", () => {
    expect(() => checkStatement({ sql: "copy t from stdin" })).toThrow(
      expect.objectContaining({ code: "Y1011" }),
    );
    expect(() => checkStatement({ sql: " ; -- nothing" })).toThrow(
      expect.objectContaining({ code: "Y1012" }),
    );
  });

  it.each([["\0"], ["a\ud800b"], ["\udc00"]])("refuses %j in SQL and in texts, with Y1001", (bad) => {
    const refused = expect.objectContaining({ code: "Y1001" });
    expect(() => checkStatement({ sql: `select '${bad}'` })).toThrow(refused);
    expect(() => checkStatement({ sql: "select $1", params: [bad] })).toThrow(refused);
    expect(() => checkStatement({ sql: "select $1", params: [["x", [bad]]] })).toThrow(refused);
  });

  it("takes whole pairs of surrogates, and objects, whose text escapes the rest", () => {
    expect(() => checkStatement({ sql: "select '😀'", params: ["😀", { a: "\0" }] })).not.toThrow();
  });

  it("refuses more than 32767 parameters with Y1001", () => {
    const params = (count: number) => Array.from({ length: count }, () => 1);
    expect(() => checkStatement({ sql: "select 1", params: params(32_767) })).not.toThrow();
    expect(() => checkStatement({ sql: "select 1", params: params(32_768) })).toThrow(
      expect.objectContaining({ code: "Y1001" }),
    );
  });

  it.each([
    ["lists", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("refuses %s that are nested deeper than 500 levels with Y1001", (_what, open, close) => {
    const nested = (levels: number) => JSON.parse(`${open.repeat(levels)}1${close.repeat(levels)}`);
    expect(() => checkStatement({ sql: "select $1", params: [nested(500)] })).not.toThrow();
    for (const levels of [501, 100_000]) {
      expect(() => checkStatement({ sql: "select $1", params: [nested(levels)] })).toThrow(
        expect.objectContaining({ code: "Y1001" }),
      );
    }
  });
});

describe("checkStatements", () => {
  it("names the statement that is refused", () => {
    expect(() => checkStatements([{ sql: "select 1" }, { sql: "commit" }], 10)).toThrow(
      expect.objectContaining({ code: "Y1007", statementIndex: 1 }),
    );
  });

  it("refuses more statements than the limit with Y1010", () => {
    const statements = Array.from({ length: 3 }, () => ({ sql: "select 1" }));
    expect(() => checkStatements(statements, 3)).not.toThrow();
    expect(() => checkStatements(statements, 2)).toThrow(expect.objectContaining({ code: "Y1010" }));
  });
});
