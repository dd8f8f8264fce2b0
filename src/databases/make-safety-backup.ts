/** In charge of the backup of what is about to be overwritten. */
import { expiryOf, findPolicy } from "../backups/backup-policy.ts";
import { makeBackup } from "../backups/make-backup.ts";
import { type BackupId, newBackupId } from "../base/id.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import type { DatabaseRow } from "../state/databases.ts";

/** Kept like any other backup; repeatable after a crash. */
export async function makeSafetyBackup(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
): Promise<void> {
  const id = (run.row.input.safety_backup as BackupId | undefined) ?? newBackupId();
  await run.remember({ safety_backup: id });
  await makeBackup(platform, run, row, {
    id,
    kind: "safety",
    expiresAt: expiryOf(platform.clock.now(), await findPolicy(platform, row)),
  });
}
