/**
 * In charge of the last backup of a database that is being destroyed: kept as long as it can be brought back, and longer
 * where its policy takes a snapshot on delete.
 */
import { type BackupId, newBackupId } from "../base/id.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import type { BackupRow } from "../state/backups.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { expiryOf, findPolicy } from "./backup-policy.ts";
import { makeBackup } from "./make-backup.ts";

const dayMs = 86_400_000;

/** Repeatable: an attempt that follows a crash goes on with the same backup. */
export async function createFinalBackup(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
): Promise<BackupRow> {
  const id = (run.row.input.final_backup as BackupId | undefined) ?? newBackupId();
  await run.remember({ final_backup: id });
  const now = platform.clock.now();
  const policy = await findPolicy(platform, row);
  const undelete = now.getTime() + platform.config.undeleteDays * dayMs;
  const kept = policy.snapshotOnDelete ? expiryOf(now, policy).getTime() : 0;
  const expiresAt = new Date(Math.max(undelete, kept));
  return makeBackup(platform, run, row, { id, kind: "final", expiresAt });
}
