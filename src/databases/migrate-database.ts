/** In charge of migrating a database of Postern's: the engine, run as the owner over a direct connection. */
import type {
  AppliedMigration,
  MigrateOptions,
  MigrateRequest,
  MigrateResult,
  MigrationFileBody,
  MigrationOutcome,
  MigrationState,
} from "@postern/sdk/protocol";
import type pg from "pg";
import { posternError } from "../base/error.ts";
import type { AccountId } from "../base/id.ts";
import { completeLedger } from "../instances/complete-ledger.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { connectAs } from "../instances/with-admin.ts";
import { applyMigrations, applyOptions } from "../migrations/apply-migrations.ts";
import { describeMigrations, listApplied } from "../migrations/describe-migrations.ts";
import { readMigrationBodies } from "../migrations/migration-file.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { requireReady } from "./require-ready.ts";

/** The files travel in the operation, so a daemon that takes it over has them. @throws Y5004 */
export async function requestMigration(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
  input: MigrateRequest & MigrateOptions,
): Promise<OperationRow> {
  readMigrationBodies(input.files);
  return platform.state.transaction((tx) =>
    insertOperation(tx, { kind: "migrate", databaseId: row.id, accountId, input: { ...input } }),
  );
}

/** Each file commits with its ledger row, so a run that was cut off is simply run again. */
export const migrateDatabase: OperationHandler = {
  async run(platform, run) {
    const row = requireReady((await findDatabaseById(platform.state, run.row.database_id!))!);
    const { files, ...options } = run.row.input as unknown as MigrateRequest & MigrateOptions;
    return runMigrations(platform, run, row, files, { options });
  },
};

/** In the database that `row` names. @throws Y5002 with what was applied before in the operation's result */
export async function runMigrations(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  bodies: MigrationFileBody[],
  { hint, options = {} }: { hint?: string; options?: MigrateOptions } = {},
): Promise<MigrateResult> {
  const files = readMigrationBodies(bodies);
  await completeLedger(platform, row);
  const result = await run.step("migrations", () =>
    withOwner(platform, row, (client) =>
      applyMigrations(client, files, {
        ...applyOptions(options),
        signal: run.signal,
        onProgress: ({ done, total }) => run.progress(done, total, "migrations"),
      }),
    ),
  );
  const failed = result.migrations.find((migration) => migration.error !== null);
  if (failed) throw migrationFailed(run, result, failed, hint);
  return result;
}

/** The operation fails, and keeps the whole result: what was applied before, and where exactly it failed. */
function migrationFailed(
  run: OperationRun,
  result: MigrateResult,
  failed: MigrationOutcome,
  hint = "Nothing of this file was applied. Mend it and run `postern db migrate` again.",
): Error {
  run.row.result = result;
  return posternError("Y5002", `Migration ${failed.name} failed.`, {
    detail: failed.error?.message,
    hint: failed.error?.hint ?? hint,
  });
}

/** What a migration with these files would meet. */
export function compareMigrations(
  platform: Platform,
  row: DatabaseRow,
  files: MigrationFileBody[],
): Promise<MigrationState[]> {
  return withOwner(platform, row, (client) => describeMigrations(client, readMigrationBodies(files)));
}

export function listAppliedMigrations(platform: Platform, row: DatabaseRow): Promise<AppliedMigration[]> {
  return withOwner(platform, row, (client) => listApplied(client));
}

export async function withOwner<Result>(
  platform: Platform,
  row: DatabaseRow,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await connectAs(platform, row.instance_id!, row.database_name, row.role_name);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
