/** In charge of migrations on disk: which folder is meant, and what is in it. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, posternError } from "../base/error.ts";
import { byName, type MigrationFile, migrationFile } from "./migration-file.ts";

/** Below a project's root, in the order in which they are looked for. */
export const migrationLayouts = ["migrations", "db/migrations", "schema"] as const;

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
  const names = await listMigrations(directory);
  refuseUnorderedNames(names);
  const files = await Promise.all(
    names.map(async (name) => migrationFile(name, decode(name, await readFile(join(directory, name))))),
  );
  return files.sort(byName);
}

/** Names of the files that `up` applies: not those that undo, nor what an editor or Git hides. */
export async function listMigrations(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => name.endsWith(".sql") && !name.endsWith(".down.sql") && !name.startsWith("."))
    .sort((a, b) => byName({ name: a }, { name: b }));
}

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

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}
