import { expect, it } from "vitest";
import { nextMigrationName } from "../../../src/migrations/new-migration.ts";

const now = new Date("2026-04-12T14:22:05Z");

it.each([
  [[], "20260412142205_add_tags.sql"],
  [["001_a.sql", "003_c.sql"], "004_add_tags.sql"],
  [["0009_a.sql", "notes.md"], "0010_add_tags.sql"],
  [["20250101000000_a.sql"], "20260412142205_add_tags.sql"],
  [["20260412142205_a.sql"], "20260412142206_add_tags.sql"],
  [["001_a.sql", "20250101000000_b.sql"], "20260412142205_add_tags.sql"],
])("comes after %j as %s", (existing, name) => {
  expect(nextMigrationName("add_tags", existing, now)).toBe(name);
});

it("makes a name of words", () => {
  expect(nextMigrationName("Add user-tags", [], now)).toBe("20260412142205_add_user_tags.sql");
});

it.each(["", "  ", "___", "a/b", "../x", "ä", "a.b", "x".repeat(101)])("refuses %j", (description) => {
  expect(() => nextMigrationName(description, [], now)).toThrow(expect.objectContaining({ code: "Y5004" }));
});
