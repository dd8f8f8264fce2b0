/**
 * In charge of restoring a database: the backup fills a fresh database beside the old one, and when it is whole the two
 * change names in one transaction. Until then the old data is untouched and in use.
 */
import type { ErrorBody, RestoreRequest } from "@postern/sdk/protocol";
import { expiryOf, findPolicy } from "../backups/backup-policy.ts";
import { discardBackup } from "../backups/discard-backup.ts";
import { makeBackup } from "../backups/make-backup.ts";
import { restoreInto } from "../backups/restore-into.ts";
import { verifyArtefact } from "../backups/verify-artefact.ts";
import { posternError } from "../base/error.ts";
import { type AccountId, type BackupId, newBackupId } from "../base/id.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import {
  createPhysicalDatabase,
  databaseExists,
  dropPhysicalDatabase,
} from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import type { QueryService } from "../query/query-service.ts";
import { type BackupRow, findBackup } from "../state/backups.ts";
import { type DatabaseRow, findDatabaseById, updateDatabase } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { requireReady } from "./require-ready.ts";
import { type SwapNames, swapDatabases, undoSwap } from "./swap-databases.ts";

type Sessions = Pick<QueryService, "closeDatabase">;

/** @throws Y3004 Y6006 */
export async function requestRestore(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
  backup: BackupRow,
  input: RestoreRequest,
): Promise<OperationRow> {
  requireReady(row);
  if (backup.status !== "completed")
    throw posternError(
      "Y6006",
      `Backup ${backup.id} is ${backup.status}; only a completed one can be restored.`,
    );
  return platform.state.transaction((tx) =>
    insertOperation(tx, {
      kind: "restore_backup",
      databaseId: row.id,
      accountId,
      input: { backup_id: backup.id, skip_safety_snapshot: input.skip_safety_snapshot === true },
    }),
  );
}

export const restoreDatabase = (sessions: Sessions): OperationHandler => ({
  async run(platform, run) {
    const row = await requireRow(platform, run);
    const names = swapNames(run, row);
    // A predecessor may have been killed after the swap: then only the tidying up is left.
    if (!(await isSwapped(platform, run, row, names))) await fillAndSwap(platform, run, sessions, row, names);
    await run.step("tidy up", () => finish(platform, run, row, names));
    return {
      database_id: row.id,
      backup_id: run.row.input.backup_id,
      safety_backup_id: run.row.input.safety_backup ?? null,
      skipped_grants: run.row.input.skipped_grants ?? [],
    };
  },

  async undo(platform, run) {
    const safetyBackup = run.row.input.safety_backup as BackupId | undefined;
    if (safetyBackup) await discardBackup(platform, safetyBackup, run.row.input.undoing as ErrorBody);
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (!row || row.instance_id === null) return;
    const names = swapNames(run, row);
    if (await isSwapped(platform, run, row, names)) await finish(platform, run, row, names);
    else await reopen(platform, row, names);
  },
});

async function fillAndSwap(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  row: DatabaseRow,
  names: SwapNames,
): Promise<void> {
  const backup = await requireBackup(platform, run);
  await run.step("check the backup", () => verifyArtefact(platform, backup));
  // A predecessor may have been killed in the middle of the swap: the old data serves until its next one.
  await reopen(platform, row, names);
  if (run.row.input.skip_safety_snapshot !== true)
    await run.step("safety backup", () => makeSafetyBackup(platform, run, row));
  await run.step("fresh database", () => createPhysicalDatabase(platform, row, names.fresh));
  const { skippedGrants } = await run.step("restore", () =>
    restoreInto(platform, run, row, names.fresh, backup.id),
  );
  await run.remember({ skipped_grants: skippedGrants });
  await updateDatabase(platform.state, row.id, { status: "restoring" });
  await run.step("swap", () => swapDatabases(platform, sessions, row, names));
}

/** The old database exists from the swap on, and what is remembered tells of it once that is dropped. */
async function isSwapped(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  names: SwapNames,
): Promise<boolean> {
  if (run.row.input.swapped === true) return true;
  return withAdmin(platform, row.instance_id!, "postgres", (client) => databaseExists(client, names.old));
}

async function finish(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  names: SwapNames,
): Promise<void> {
  // Written down before clients come back: a successor that swapped once more would lose what they write.
  await run.remember({ swapped: true });
  await platform.pooler.resume(row.database_name);
  await updateDatabase(platform.state, row.id, { status: "ready" });
  await dropPhysicalDatabase(platform, row, names.old);
}

/** As it was before the restore. */
async function reopen(platform: Platform, row: DatabaseRow, names: SwapNames): Promise<void> {
  await undoSwap(platform, row, names);
  await updateDatabase(platform.state, row.id, { status: "ready" });
}

/** Kept like any other backup; repeatable after a crash. */
async function makeSafetyBackup(platform: Platform, run: OperationRun, row: DatabaseRow): Promise<void> {
  const id = (run.row.input.safety_backup as BackupId | undefined) ?? newBackupId();
  await run.remember({ safety_backup: id });
  await makeBackup(platform, run, row, {
    id,
    kind: "safety",
    expiresAt: expiryOf(platform.clock.now(), await findPolicy(platform, row)),
  }).catch((error: { code?: string; message: string }) => {
    if (error.code !== "Y6002") throw error;
    throw posternError("Y6002", "The database as it is could not be backed up, so nothing was restored.", {
      detail: error.message,
      hint: "`--skip-safety-snapshot` restores without a backup of what is there now.",
      cause: error,
    });
  });
}

function swapNames(run: OperationRun, row: DatabaseRow): SwapNames {
  const operation = run.id.slice("op-".length);
  return {
    current: row.database_name,
    fresh: `${row.database_name}_new_${operation}`,
    old: `${row.database_name}_old_${operation}`,
  };
}

async function requireRow(platform: Platform, run: OperationRun): Promise<DatabaseRow> {
  const row = await findDatabaseById(platform.state, run.row.database_id!);
  if (!row || row.instance_id === null) throw posternError("Y3001", "The database of this restore is gone.");
  return row;
}

async function requireBackup(platform: Platform, run: OperationRun): Promise<BackupRow> {
  const backup = await findBackup(platform.state, run.row.input.backup_id as BackupId);
  if (!backup) throw posternError("Y6001", `There is no backup ${String(run.row.input.backup_id)} any more.`);
  return backup;
}
