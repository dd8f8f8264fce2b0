import { describe, expect, it } from "vitest";
import { isWholeStatement } from "../../../src/cli/statement-end.ts";

describe("a statement is whole", () => {
  it.each([
    "select 1;",
    "select ';';\n",
    "select 1; -- done",
    "do $a$ begin x; end $a$;",
    'select ";" from t;',
  ])("%j", (sql) => {
    expect(isWholeStatement(sql)).toBe(true);
  });
});

describe("a statement goes on", () => {
  it.each(["select 1", "select ';", "select 1 -- ;", "do $a$ begin x;", "/* ; */", "select 1 /* ;"])(
    "%j",
    (sql) => {
      expect(isWholeStatement(sql)).toBe(false);
    },
  );
});
