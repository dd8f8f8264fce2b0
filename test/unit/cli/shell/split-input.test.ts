import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTokens } from "../../../../src/cli/shell/read-tokens.ts";
import { isComplete, splitInput } from "../../../../src/cli/shell/split-input.ts";

const kinds = (sql: string) =>
  readTokens(sql)
    .filter(({ kind }) => kind !== "space")
    .map(({ kind, start, end }) => `${kind} ${sql.slice(start, end)}`);

describe("the lexer", () => {
  it.each([
    ["select 1", ["word select", "number 1"]],
    ["'it''s' E'a\\'b' U&\"d\"", ["string 'it''s'", "string E'a\\'b'", 'name U&"d"']],
    ["$$a;$$ $t$ $$ $t$ $1", ["string $$a;$$", "string $t$ $$ $t$", "parameter $1"]],
    ["a$b$c", ["word a$b$c"]],
    ["/* a /* b */ c */ 1 -- x", ["comment /* a /* b */ c */", "number 1", "comment -- x"]],
    [
      "1.5e3 0xff .5 1..2",
      ["number 1.5e3", "number 0xff", "number .5", "number 1", "punctuation .", "number .2"],
    ],
    [
      "a::int <> b->>'c'",
      [
        "word a",
        "operator ::",
        "word int",
        "operator <",
        "operator >",
        "word b",
        "operator -",
        "operator >",
        "operator >",
        "string 'c'",
      ],
    ],
    ["\\d x", ["backslash \\", "word d", "word x"]],
    ["größe 名前", ["word größe", "word 名前"]],
  ])("reads %s", (sql, wanted) => {
    expect(kinds(sql)).toEqual(wanted);
  });

  it("says what is not closed", () => {
    for (const sql of ["'a", '"a', "$$ a", "$t$ $$", "/* /* */", "E'\\'"]) {
      expect([sql, readTokens(sql).at(-1)!.isOpen]).toEqual([sql, true]);
    }
  });

  it("covers every text without gaps", () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom("'", '"', "$$", "$a$", "/*", "*/", "--", "\n", "\\", ";", "(", "E'", "1", "a"),
        fc.string(),
      ),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const sql = parts.join("");
        const tokens = readTokens(sql);
        expect(tokens.map(({ start, end }) => sql.slice(start, end)).join("")).toBe(sql);
        expect(tokens.every(({ start, end }) => end > start)).toBe(true);
      }),
    );
  });
});

describe("an input can be run", () => {
  it.each([
    "select 1;",
    "select ';';\n",
    "select 1; -- done",
    "do $a$ begin x; end $a$;",
    'select ";" from t;',
    "\\dt",
    "  \\d users",
    "select 1 \\gx",
    "select 1; select 2;",
    "create function f() returns int begin atomic select 1; select case when true then 1 end; end;",
    "create rule r as on insert to t do (select 1; select 2);",
  ])("%j", (sql) => {
    expect(isComplete(sql)).toBe(true);
  });
});

describe("an input goes on", () => {
  it.each([
    "select 1",
    "select ';",
    "select 1 -- ;",
    "do $a$ begin x;",
    "/* ; */",
    "/* ;",
    "select 1 /* ;",
    "select 1; select",
    "select '\\d",
    "create procedure p() begin atomic select 1;",
    "create rule r as on insert to t do (select 1;",
    "select (1;",
  ])("%j", (sql) => {
    expect(splitInput(sql).some((part) => part.kind === "command")).toBe(false);
    expect(isComplete(sql)).toBe(sql === "/* ; */");
  });
});

describe("an input is cut", () => {
  it("into statements and commands in their order", () => {
    expect(splitInput("select 1; select 2 \\gx out.txt\n\\d users\nselect 3")).toMatchObject([
      { kind: "sql", text: "select 1;", isWhole: true },
      { kind: "sql", text: "select 2", isWhole: false },
      { kind: "command", name: "gx", rest: "out.txt" },
      { kind: "command", name: "d", rest: "users" },
      { kind: "sql", text: "select 3", isWhole: false },
    ]);
  });

  it("with !, which needs no blank behind it", () => {
    expect(splitInput("\\!ls -l")).toMatchObject([{ name: "!", rest: "ls -l" }]);
  });

  it("without what is only comments and semicolons", () => {
    expect(splitInput(";; -- nothing\n;")).toEqual([]);
  });

  it("finds several commands on a line, except where the line is SQL or another program's", () => {
    const commands = (text: string) =>
      splitInput(text).flatMap((part) => (part.kind === "command" ? [[part.name, part.rest]] : []));
    expect(commands("\\x on \\dt a*")).toEqual([
      ["x", "on"],
      ["dt", "a*"],
    ]);
    expect(commands("select 1 \\gset p_ \\echo ':a \\b' c\\d")).toEqual([
      ["gset", "p_"],
      ["echo", "':a \\b' c\\d"],
    ]);
    expect(commands("\\! printf a \\x")).toEqual([["!", "printf a \\x"]]);
    expect(commands("\\copy t to 'f' delimiter E \\t")).toEqual([["copy", "t to 'f' delimiter E \\t"]]);
    expect(commands("\\g |tr a \\b")).toEqual([["g", "|tr a \\b"]]);
  });
});
