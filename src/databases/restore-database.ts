/**
 * In charge of restoring a database: the backup fills a fresh database beside the old one, and when it is whole the two
 * change names in one transaction. Until then the old data is untouched and in use.
 */
import type { ErrorBody, RestoreRequest } from "@postern/sdk/protocol";
import { verifyArtefact } from "../backups/backup-artefact.ts";
import { discardBackup } from "../backups/discard-backup.ts";
import { restoreInto } from "../backups/restore-into.ts";
import { requireDiskSpace } from "../base/disk-space.ts";
import { posternError } from "../base/error.ts";
import type { AccountId, BackupId } from "../base/id.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { type BackupRow, findBackup } from "../state/backups.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { makeSafetyBackup } from "./make-safety-backup.ts";
import { replaceContent, requirePlaced, type Sessions, undoReplacement } from "./replace-content.ts";
import { requireReady } from "./require-ready.ts";

/** @throws Y3004 Y6006 */
export async function requestRestore(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
  backup: BackupRow,
  input: RestoreRequest,
): Promise<OperationRow> {
  requireReady(row);
  await requireDiskSpace(
    platform,
    Math.max(Number(row.size_bytes), 2 * Number(backup.size_bytes)),
    "The restored data",
  );
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
    const row = await requirePlaced(platform, run, "restore");
    await replaceContent(platform, run, sessions, row, {
      prepare: () => prepare(platform, run, row),
      fill: (databaseName) => fill(platform, run, row, databaseName),
    });
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
    await undoReplacement(platform, run);
  },
});

async function prepare(platform: Platform, run: OperationRun, row: DatabaseRow): Promise<void> {
  const backup = await requireBackup(platform, run);
  await run.step("check the backup", () => verifyArtefact(platform, backup));
  if (run.row.input.skip_safety_snapshot !== true)
    await run.step("safety backup", () => backUp(platform, run, row));
}

async function fill(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  databaseName: string,
): Promise<void> {
  const { id } = await requireBackup(platform, run);
  const { skippedGrants } = await run.step("restore", () =>
    // Full statistics come once clients work with it (maintenance/settle-replaced.ts).
    restoreInto(platform, run, row, databaseName, id, { isChecked: true, statistics: "rough" }),
  );
  await run.remember({ skipped_grants: skippedGrants });
}

async function backUp(platform: Platform, run: OperationRun, row: DatabaseRow): Promise<void> {
  await makeSafetyBackup(platform, run, row).catch((error: { code?: string; message: string }) => {
    if (error.code !== "Y6002") throw error;
    throw posternError("Y6002", "The database as it is could not be backed up, so nothing was restored.", {
      detail: error.message,
      hint: "`--skip-safety-snapshot` restores without a backup of what is there now.",
      cause: error,
    });
  });
}

async function requireBackup(platform: Platform, run: OperationRun): Promise<BackupRow> {
  const backup = await findBackup(platform.state, run.row.input.backup_id as BackupId);
  if (!backup) throw posternError("Y6001", `There is no backup ${String(run.row.input.backup_id)} any more.`);
  return backup;
}
