/** In charge of bringing Postern's own tables up to date, with Postern's own migration engine. */
import { fileURLToPath } from "node:url";
import type pg from "pg";
import { PosternError, posternError } from "../base/error.ts";
import { applyMigrations } from "../migrations/apply-migrations.ts";
import { readMigrationDirectory } from "../migrations/migration-directory.ts";
import { ledgerExists, readLedger } from "../migrations/tracking-table.ts";

const directory = fileURLToPath(new URL("../state/schema", import.meta.url));

/** @throws Y8032 when a newer Postern has brought the tables further than this one knows */
export async function refuseNewerState(client: pg.Client): Promise<void> {
  if (!(await ledgerExists(client))) return;
  const known = new Set((await readMigrationDirectory(directory)).map(({ name }) => name));
  const unknown = (await readLedger(client)).find(({ name }) => !known.has(name));
  if (!unknown) return;
  throw posternError("Y8032", "A newer Postern has changed the shared tables.", {
    detail: `They have ${unknown.name}, which this version does not know.`,
    hint: "Install the version of the other control planes here.",
  });
}

/** @throws the error of the file that failed. */
export async function migrateState(client: pg.Client): Promise<void> {
  const { migrations } = await applyMigrations(client, await readMigrationDirectory(directory));
  const failed = migrations.find((migration) => migration.error !== null);
  if (failed) throw PosternError.fromBody(failed.error!);
}
