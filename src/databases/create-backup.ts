/** In charge of backing a database up on demand. */
import type { CreateBackupRequest, ErrorBody } from "@postern/sdk/protocol";
import { expiryOf, findPolicy } from "../backups/backup-policy.ts";
import { describeBackup } from "../backups/describe-backup.ts";
import { discardBackup } from "../backups/discard-backup.ts";
import { makeBackup } from "../backups/make-backup.ts";
import { type AccountId, type BackupId, newBackupId } from "../base/id.ts";
import type { OperationHandler } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { requireReady } from "./require-ready.ts";

/** @throws Y3004 Y1001 */
export async function requestBackup(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
  input: CreateBackupRequest,
): Promise<OperationRow> {
  requireReady(row);
  const expiresAt = expiryOf(platform.clock.now(), await findPolicy(platform, row), input.retention);
  return platform.state.transaction((tx) =>
    insertOperation(tx, {
      kind: "create_backup",
      databaseId: row.id,
      accountId,
      input: { backup_id: newBackupId(), expires_at: expiresAt.toISOString() },
    }),
  );
}

export const createBackup: OperationHandler = {
  async run(platform, run) {
    const row = requireReady((await findDatabaseById(platform.state, run.row.database_id!))!);
    const { backup_id: id, expires_at: expiresAt } = run.row.input as {
      backup_id: BackupId;
      expires_at: string;
    };
    return describeBackup(
      await run.step("dump", () =>
        makeBackup(platform, run, row, { id, kind: "manual", expiresAt: new Date(expiresAt) }),
      ),
    );
  },
  async undo(platform, run) {
    await discardBackup(platform, run.row.input.backup_id as BackupId, run.row.input.undoing as ErrorBody);
  },
};
