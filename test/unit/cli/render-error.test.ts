import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { PosternError } from "../../../src/base/error.ts";
import { renderOutcomes } from "../../../src/cli/commands/db-migrate.ts";
import { nextMigrationName } from "../../../src/cli/migration-directory.ts";
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
        { name: "001.sql", outcome: "applied", duration_ms: 48, no_transaction: false, error: null },
        { name: "002.sql", outcome: "failed", duration_ms: null, no_transaction: false, error },
        { name: "003.sql", outcome: "not_run", duration_ms: null, no_transaction: false, error: null },
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

describe("the name of a new migration", () => {
  const now = new Date("2026-04-12T14:22:00Z");
  it("goes on with the numbers that are there", () => {
    expect(nextMigrationName("Add Tags", ["001_a.sql", "009_b.sql"], now)).toBe("010_add_tags.sql");
  });
  it("begins with the time where there are no numbers, or times already", () => {
    expect(nextMigrationName("x", [], now)).toBe("20260412142200_x.sql");
    expect(nextMigrationName("x", ["20250101000000_a.sql"], now)).toBe("20260412142200_x.sql");
  });
  it("is refused when nothing is left of it", () => {
    expect(() => nextMigrationName("!!", [], now)).toThrow(expect.objectContaining({ code: "Y5004" }));
  });
});
