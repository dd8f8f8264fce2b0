import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  findMigrationLayout,
  readDownFiles,
  readMigrationDirectory,
} from "../../../src/migrations/migration-directory.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "pmd-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Record<string, string | Buffer>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

it("reads SQL files in the byte order of their names and leaves out what `up` does not apply", async () => {
  await write({
    "002_b.sql": "select 2",
    "001_a.sql": "select 1",
    "001_a.down.sql": "select -1",
    "20240101000000_c.sql": "select 3",
    ".003_hidden.sql": "",
    "README.md": "",
  });
  const files = await readMigrationDirectory(root);
  expect(files.map(({ name }) => name)).toEqual(["001_a.sql", "002_b.sql", "20240101000000_c.sql"]);
  expect(files[0]!.sql).toBe("select 1");
});

it("reads files without numbers by their names", async () => {
  await write({ "users.sql": "", "todos.sql": "", "2fa.sql": "" });
  expect((await readMigrationDirectory(root)).map(({ name }) => name)).toEqual([
    "2fa.sql",
    "todos.sql",
    "users.sql",
  ]);
});

it("refuses a file without a number among numbered ones", async () => {
  await write({ "001_a.sql": "", "add_tags.sql": "" });
  await expect(readMigrationDirectory(root)).rejects.toMatchObject({
    code: "Y5004",
    message: expect.stringContaining("add_tags.sql"),
  });
});

it("refuses numbers whose order is not that of the names", async () => {
  await write({ "9_a.sql": "", "10_b.sql": "" });
  await expect(readMigrationDirectory(root)).rejects.toMatchObject({
    code: "Y5004",
    message: "10_b.sql would be applied before 9_a.sql.",
  });
});

it("refuses bytes that are no UTF-8, and keeps a byte order mark in the checksum", async () => {
  await write({ "001_a.sql": Buffer.from("\ufeffselect 1") });
  const checksum = createHash("sha256").update("\ufeffselect 1").digest("hex");
  expect((await readMigrationDirectory(root))[0]!.checksum).toBe(checksum);
  await write({ "001_a.sql": Buffer.from([0x73, 0xff]) });
  await expect(readMigrationDirectory(root)).rejects.toMatchObject({ code: "Y5004" });
});

it("says which folder is not there", async () => {
  await expect(readMigrationDirectory(join(root, "none"))).rejects.toMatchObject({ code: "Y5005" });
});

it("finds migrations/, db/migrations/ and schema/ in this order, one that has files first", async () => {
  expect(await findMigrationLayout(root)).toBeUndefined();
  await write({ "schema/todos.sql": "" });
  expect(await findMigrationLayout(root)).toBe("schema");
  await mkdir(join(root, "migrations"));
  expect(await findMigrationLayout(root)).toBe("schema");
  await write({ "db/migrations/20240101000000_a.sql": "" });
  expect(await findMigrationLayout(root)).toBe("db/migrations");
  await write({ "migrations/001_a.sql": "" });
  expect(await findMigrationLayout(root)).toBe("migrations");
});

it("reads a folder with a migration.sql as a migration of the folder's name, and finds what undoes each", async () => {
  await mkdir(join(root, "20240101_init"));
  await writeFile(join(root, "20240101_init", "migration.sql"), "select 1");
  await writeFile(join(root, "20240101_init", "down.sql"), "select -1");
  await mkdir(join(root, "meta"));
  await writeFile(join(root, "migration_lock.toml"), "");
  await writeFile(join(root, "20240102_a.up.sql"), "select 2");
  await writeFile(join(root, "20240102_a.down.sql"), "select -2");
  await writeFile(join(root, "20240103_b.sql"), "select 3");
  expect((await readMigrationDirectory(root)).map(({ name, sql }) => [name, sql])).toEqual([
    ["20240101_init.sql", "select 1"],
    ["20240102_a.up.sql", "select 2"],
    ["20240103_b.sql", "select 3"],
  ]);
  expect((await readDownFiles(root)).map(({ name, sql }) => [name, sql])).toEqual([
    ["20240101_init.sql", "select -1"],
    ["20240102_a.up.sql", "select -2"],
  ]);
});
