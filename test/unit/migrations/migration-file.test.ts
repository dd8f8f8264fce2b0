import { expect, it } from "vitest";
import { readMigrationBodies } from "../../../src/migrations/migration-file.ts";

it("sorts by the bytes of the names and takes the SHA-256 of the text", () => {
  const files = readMigrationBodies([
    { name: "b.sql", sql: "" },
    { name: "ä.sql", sql: "" },
    { name: "B.sql", sql: "abc" },
  ]);
  expect(files.map(({ name }) => name)).toEqual(["B.sql", "b.sql", "ä.sql"]);
  expect(files[0]!.checksum).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

it.each(["", "a.txt", "../a.sql", "a/b.sql", ".a.sql", "a\n.sql", `${"a".repeat(300)}.sql`])(
  "refuses the name %j",
  (name) => {
    expect(() => readMigrationBodies([{ name, sql: "" }])).toThrow(
      expect.objectContaining({ code: "Y5004" }),
    );
  },
);

it("refuses two files of one name", () => {
  const twice = [
    { name: "a.sql", sql: "1" },
    { name: "a.sql", sql: "2" },
  ];
  expect(() => readMigrationBodies(twice)).toThrow(expect.objectContaining({ code: "Y5004" }));
});
