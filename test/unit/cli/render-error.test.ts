import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { PosternError } from "../../../src/base/error.ts";
import { renderOutcomes } from "../../../src/cli/commands/db-migrate.ts";
import { renderError, renderPosition } from "../../../src/cli/render-error.ts";

const paint = pc.createColors(false);

describe("an error", () => {
  it("says what, why, how to mend it, its code and the request", () => {
    const error = new PosternError("Y3001", "There is no database x.", {
      detail: "why",
      hint: "do",
      requestId: "r1",
    });
    expect(renderError(error, paint)).toBe(
      "✗ There is no database x. (Y3001)\n  why\n  Hint: do\n  Request r1",
    );
  });

  it("points at the character that Postgres means, counted in characters", () => {
    const sql = "select '😀',\n  nope";
    expect(renderPosition(sql, 15)).toBe("2 │   nope\n  │   ^");
  });
});

describe("the outcome of migrations", () => {
  it("shows the line that failed with a caret under the place", () => {
    const error = {
      code: "42P01",
      message: 'relation "user" does not exist',
      file: "002.sql",
      line: 14,
      column: 12,
      line_text: "REFERENCES user(id)",
    };
    const text = renderOutcomes(
      [
        {
          name: "001.sql",
          outcome: "applied",
          duration_ms: 48,
          no_transaction: false,
          error: null,
          notes: [],
        },
        { name: "002.sql", outcome: "failed", duration_ms: null, no_transaction: false, error, notes: [] },
        {
          name: "003.sql",
          outcome: "not_run",
          duration_ms: null,
          no_transaction: false,
          error: null,
          notes: [],
        },
      ],
      { paint },
    );
    expect(text.split("\n")).toEqual([
      "  ✓ 001.sql  48ms",
      '  ✗ 002.sql  line 14: 42P01 relation "user" does not exist',
      "      14 │ REFERENCES user(id)",
      "         │            ^",
      "  ○ 003.sql  not run",
      "",
    ]);
  });
});
