/** In charge of migrations on disk: which directory is meant, and what is in it. */
import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { posternError } from "../base/error.ts";
import { byName, type MigrationFile, migrationFile } from "./migration-file.ts";

/** Where migrations are looked for, in this order; the first that exists is meant. */
export const migrationDirectories = ["migrations", "db/migrations", "schema"] as const;

/** The chosen directory, else the first of the known ones. @throws Y5005 */
export async function findMigrationDirectory(base: string, chosen?: string): Promise<string> {
  for (const directory of chosen === undefined ? migrationDirectories : [chosen]) {
    const path = isAbsolute(directory) ? directory : join(base, directory);
    if (
      await stat(path).then(
        (info) => info.isDirectory(),
        () => false,
      )
    )
      return path;
  }
  throw posternError(
    "Y5005",
    chosen === undefined ? "There is no directory with migrations." : `There is no directory ${chosen}.`,
    {
      detail: chosen === undefined ? `Looked for ${migrationDirectories.join(", ")} in ${base}.` : undefined,
      hint: "`postern db new NAME` makes the first migration; --dir names another directory.",
    },
  );
}

/** Every `.sql` file but those that undo (`.down.sql`), in the order of application. @throws Y5004 */
export async function readMigrationDirectory(directory: string): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter(
    (name) => name.endsWith(".sql") && !name.endsWith(".down.sql"),
  );
  const files = await Promise.all(
    names.map(async (name) => migrationFile(name, await readFile(join(directory, name), "utf8"))),
  );
  return files.sort(byName);
}
