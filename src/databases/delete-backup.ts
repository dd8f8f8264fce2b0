/** In charge of deleting a backup before its time. */
import { openStorage } from "../backups/open-storage.ts";
import { posternError } from "../base/error.ts";
import type { AccountId, BackupId } from "../base/id.ts";
import type { OperationHandler } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { type BackupRow, deleteBackupRow, findBackup } from "../state/backups.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";

/** @throws Y6006 while it is being made. */
export async function requestDeleteBackup(
  platform: Platform,
  accountId: AccountId | null,
  backup: BackupRow,
): Promise<OperationRow> {
  if (backup.status === "running")
    throw posternError("Y6006", `Backup ${backup.id} is being made.`, {
      hint: "Delete it when it has ended.",
    });
  return platform.state.transaction((tx) =>
    insertOperation(tx, {
      kind: "delete_backup",
      databaseId: backup.database_id,
      accountId,
      input: { backup_id: backup.id },
    }),
  );
}

export const deleteBackup: OperationHandler = {
  async run(platform, run) {
    const backup = await findBackup(platform.state, run.row.input.backup_id as BackupId);
    if (!backup) return { id: run.row.input.backup_id };
    await run.step("file", () => openStorage(platform, backup.store).delete(backup.storage_key));
    await deleteBackupRow(platform.state, backup.id);
    return { id: backup.id };
  },
};
