/** In charge of migrations on disk: which folder is meant, and what is in it. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, posternError } from "../base/error.ts";
import { byName, type MigrationFile, migrationFile } from "./migration-file.ts";

/** Below a project's root, in the order in which they are looked for. */
const migrationLayouts = ["migrations", "db/migrations", "schema", "prisma/migrations", "drizzle"] as const;

export type MigrationLayout = (typeof migrationLayouts)[number];

/** The first layout that is there and has a migration, else the first that is there. */
export async function findMigrationLayout(root: string): Promise<MigrationLayout | undefined> {
  let empty: MigrationLayout | undefined;
  for (const layout of migrationLayouts) {
    const directory = join(root, layout);
    if (!(await isDirectory(directory))) continue;
    if ((await listMigrations(directory)).length > 0) return layout;
    empty ??= layout;
  }
  return empty;
}

/** In the order of application. @throws Y5004 Y5005 */
export async function readMigrationDirectory(directory: string): Promise<MigrationFile[]> {
  if (!(await isDirectory(directory))) {
    throw posternError("Y5005", `There is no folder ${directory}.`, {
      hint: "`postern db new NAME` makes one with a first file; --dir names another.",
    });
  }
  const found = await listMigrations(directory);
  refuseUnorderedNames(found.map(({ name }) => name));
  const files = await Promise.all(
    found.map(async ({ name, path }) =>
      migrationFile(name, decode(name, await readFile(join(directory, path)))),
    ),
  );
  return files.sort(byName);
}

/**
 * The files that `up` applies: not those that undo, nor what an editor or Git hides. A folder with a migration.sql is one
 * as well, by the folder's name: so Prisma keeps them, and drizzle from its version 1 on.
 */
export async function listMigrations(directory: string): Promise<{ name: string; path: string }[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const { name } = entry;
      if (name.startsWith(".")) return [];
      if (name.endsWith(".sql")) return name.endsWith(".down.sql") ? [] : [{ name, path: name }];
      const path = join(name, "migration.sql");
      return entry.isDirectory() && (await isFile(join(directory, path)))
        ? [{ name: `${name}.sql`, path }]
        : [];
    }),
  );
  return found.flat().sort(byName);
}

/** The files that undo them, by the name of the migration: `001_x.down.sql`, or `down.sql` in its folder. */
export async function readDownFiles(directory: string): Promise<MigrationFile[]> {
  const names = (await listMigrations(directory)).map(({ name, path }) => {
    const down =
      path.endsWith("migration.sql") && path !== name ? join(name.slice(0, -4), "down.sql") : downName(name);
    return { name, down };
  });
  const files: MigrationFile[] = [];
  for (const { name, down } of names) {
    const path = join(directory, down);
    if (await isFile(path)) files.push(migrationFile(name, decode(down, await readFile(path))));
  }
  return files;
}

/** `001_x.sql` and `001_x.up.sql` are undone by `001_x.down.sql`. */
export const downName = (name: string): string => name.replace(/(?:\.up)?\.sql$/, ".down.sql");

/**
 * Files are applied in the order of their names. Where some names have numbers, all must have one, and the numbers must
 * say the same as the names: "10_x.sql" stands before "9_y.sql", which nobody who writes it means.
 */
function refuseUnorderedNames(names: readonly string[]): void {
  const numbered = names.map((name) => ({ name, number: /^\d+(?=[_-])/.exec(name)?.[0] }));
  if (numbered.every(({ number }) => number === undefined)) return;
  for (const [index, { name, number }] of numbered.entries()) {
    if (number === undefined) {
      throw posternError("Y5004", `${name} has no number, so its place among the other files is not clear.`, {
        hint: "Give it a number like theirs: `postern db new NAME` makes a file with the next one.",
      });
    }
    const before = numbered[index - 1];
    if (before?.number !== undefined && BigInt(before.number) > BigInt(number)) {
      throw posternError("Y5004", `${before.name} would be applied before ${name}.`, {
        detail: "Migrations are applied in the order of their names, character by character.",
        hint: "Give all numbers the same number of digits, for example 009 and 010.",
      });
    }
  }
}

/** Bytes that are no UTF-8 would be changed by reading them, and the checksum with them. */
function decode(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw posternError("Y5004", `${name} is not UTF-8 text.`, {
      hint: "Save the file in the encoding UTF-8.",
    });
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}
