import { describe, expect, it } from "vitest";
import { leadingKeyword, secondKeyword } from "../../../src/query/leading-keyword.ts";

describe("leadingKeyword", () => {
  it.each([
    ["select 1", "SELECT"],
    ["  \t\r\n\f\v Commit", "COMMIT"],
    [";; ;commit", "COMMIT"],
    ["-- commit\nselect 1", "SELECT"],
    ["-- commit\rrollback", "ROLLBACK"],
    ["--\nbegin", "BEGIN"],
    ["/* commit */begin", "BEGIN"],
    ["/* a /* commit */ b */ end", "END"],
    ["/**/;--\n/*/**/*/commit", "COMMIT"],
    ["(select 1)", ""],
    ["(commit)", ""],
    ['"commit"', ""],
    ["commit_all", "COMMIT_ALL"],
    ["commit$1", "COMMIT$1"],
    ["commité", "COMMITÉ"],
    ["commit;", "COMMIT"],
    ["commit--x", "COMMIT"],
    ["commit/**/", "COMMIT"],
    ["with a as (select 1) select 1", "WITH"],
  ])("of %j is %j", (sql, keyword) => {
    expect(leadingKeyword(sql)).toBe(keyword);
  });

  it.each(["", "  ", ";", ";;\n;", "-- only a comment", "/* /* */ */", "/* never closed", "--"])(
    "of %j does not exist: there is no statement",
    (sql) => {
      expect(leadingKeyword(sql)).toBeUndefined();
    },
  );

  it("is followed by a second one", () => {
    expect(secondKeyword("/**/prepare/* */transaction 'x'")).toBe("TRANSACTION");
    expect(secondKeyword("prepare")).toBeUndefined();
  });
});
