/**
 * In charge of emptying a database: wiped it is as new, reset it has run the migrations as well. They run on the fresh
 * database before it takes the place of the old one, so a migration that fails changes nothing. What is not content
 * stays: its owner, tokens, URLs, client access, and settings of roles in it.
 */
import type { MigrateResult, MigrationFileBody } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { AccountId } from "../base/id.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { withRoomForMore } from "../instances/with-room-for-more.ts";
import { readMigrationBodies } from "../migrations/migration-file.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { runMigrations } from "./migrate-database.ts";
import { replaceContent, requirePlaced, type Sessions, undoReplacement } from "./replace-content.ts";
import { requireReady } from "./require-ready.ts";
import { discardPolicySnapshot, takePolicySnapshot } from "./take-policy-snapshot.ts";

interface EmptyRequest {
  /** Absent: no migrations. */
  files?: MigrationFileBody[];
  skip_snapshot?: boolean | undefined;
}

/** With files a reset, without a wipe. @throws Y3004 Y5004 */
export async function requestReset(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
  { files, skip_snapshot }: EmptyRequest,
): Promise<OperationRow> {
  requireReady(row);
  if (files) readMigrationBodies(files);
  return platform.state.transaction((tx) =>
    insertOperation(tx, {
      kind: files ? "reset_database" : "wipe_database",
      databaseId: row.id,
      accountId,
      input: { ...(files ? { files } : {}), skip_snapshot: skip_snapshot === true },
    }),
  );
}

/** Of both kinds. */
export const resetDatabase = (sessions: Sessions): OperationHandler => ({
  async run(platform, run) {
    const row = await requirePlaced(platform, run, "reset");
    const files = run.row.input.files as MigrationFileBody[] | undefined;
    await replaceContent(platform, run, sessions, row, {
      async prepare() {
        if (run.row.input.skip_snapshot !== true) await takeSnapshot(platform, run, row);
      },
      async fill(databaseName) {
        if (files) await migrateFresh(platform, run, { ...row, database_name: databaseName }, files);
      },
    });
    return {
      database_id: row.id,
      snapshot_id: run.row.input.safety_backup ?? null,
      migrations: (run.row.input.migrated as MigrateResult | undefined) ?? null,
    };
  },

  async undo(platform, run) {
    await discardPolicySnapshot(platform, run);
    await undoReplacement(platform, run);
  },
});

async function migrateFresh(
  platform: Platform,
  run: OperationRun,
  fresh: DatabaseRow,
  files: MigrationFileBody[],
): Promise<void> {
  const result = await withRoomForMore(platform, fresh, () =>
    runMigrations(platform, run, fresh, files, {
      hint: "The database was left as it was. Mend the file and run `postern db reset` again.",
    }),
  );
  await run.remember({ migrated: result });
}

async function takeSnapshot(platform: Platform, run: OperationRun, row: DatabaseRow): Promise<void> {
  await takePolicySnapshot(platform, run, row, "reset").catch((error: { code?: string; message: string }) => {
    if (error.code !== "Y6002") throw error;
    throw posternError("Y6002", "The database could not be backed up, so it was left as it is.", {
      detail: error.message,
      hint: "`--skip-snapshot` goes on without a backup of what is there now.",
      cause: error,
    });
  });
}
