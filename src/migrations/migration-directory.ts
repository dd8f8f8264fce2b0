/** In charge of reading a directory of migrations. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { byName, type MigrationFile, migrationFile } from "./migration-file.ts";

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
