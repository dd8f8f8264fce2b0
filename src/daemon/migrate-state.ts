/** In charge of bringing Postern's own tables up to date, with Postern's own migration engine. */
import { fileURLToPath } from "node:url";
import type pg from "pg";
import { PosternError } from "../base/error.ts";
import { applyMigrations } from "../migrations/apply-migrations.ts";
import { readMigrationDirectory } from "../migrations/migration-directory.ts";

const directory = fileURLToPath(new URL("../state/schema", import.meta.url));

/** @throws the error of the file that failed. */
export async function migrateState(client: pg.Client): Promise<void> {
  const { migrations } = await applyMigrations(client, await readMigrationDirectory(directory));
  const failed = migrations.find((migration) => migration.error !== null);
  if (failed) throw PosternError.fromBody(failed.error!);
}
