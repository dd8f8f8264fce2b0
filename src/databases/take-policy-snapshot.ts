/** In charge of the backup that a database's policy wants before its content is thrown away. */
import type { ErrorBody } from "@postern/sdk/protocol";
import { expiryOf, findPolicy } from "../backups/backup-policy.ts";
import { discardBackup } from "../backups/discard-backup.ts";
import { makeBackup } from "../backups/make-backup.ts";
import { type BackupId, newBackupId } from "../base/id.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import type { DatabaseRow } from "../state/databases.ts";

/**
 * A step of the operation; null where the policy wants none. Repeatable: an attempt that follows a crash goes on with the
 * same backup. Undone by `discardPolicySnapshot`. @throws Y6002 Y6005 when it cannot be made: then nothing may be thrown away
 */
export async function takePolicySnapshot(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  occasion: "reset",
): Promise<BackupId | null> {
  const policy = await findPolicy(platform, row);
  const begun = run.row.input.safety_backup as BackupId | undefined;
  if (begun === undefined && !policy.snapshotOnReset) return null;
  const id = begun ?? newBackupId();
  await run.remember({ safety_backup: id });
  const expiresAt = expiryOf(platform.clock.now(), policy);
  await run.step(`snapshot before ${occasion}`, () =>
    makeBackup(platform, run, row, { id, kind: "safety", expiresAt }),
  );
  return id;
}

/** What was made of it goes, unless it is whole. */
export async function discardPolicySnapshot(platform: Platform, run: OperationRun): Promise<void> {
  const id = run.row.input.safety_backup as BackupId | undefined;
  if (id !== undefined) await discardBackup(platform, id, run.row.input.undoing as ErrorBody);
}
