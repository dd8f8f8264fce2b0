/** In charge of backing a database up, on demand and by its schedule. */
import type { CreateBackupRequest, ErrorBody } from "@postern/sdk/protocol";
import { expiryOf, findPolicy } from "../backups/backup-policy.ts";
import { describeBackup } from "../backups/describe-backup.ts";
import { discardBackup } from "../backups/discard-backup.ts";
import { makeBackup } from "../backups/make-backup.ts";
import { requireSharedStore } from "../backups/open-storage.ts";
import { retryDelayMs } from "../backups/plan-run.ts";
import { requireSpaceAt } from "../base/disk-space.ts";
import { type AccountId, type BackupId, newBackupId } from "../base/id.ts";
import type { OperationHandler } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { findBackupPolicy, noteScheduledEnd, takeScheduledRun } from "../state/backup-policies.ts";
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
  requireSharedStore(platform.config);
  const { backupDirectory } = platform.config;
  await requireSpaceAt(platform, backupDirectory, Number(row.size_bytes) / 4, `A backup of ${row.name}`);
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

export interface BackupInput {
  backup_id: BackupId;
  expires_at: string;
  /** Absent: it was asked for. */
  kind?: "scheduled";
  /** Of a scheduled one: the moment of the schedule that it is for. */
  due_at?: string;
}

/** The next run of a database's schedule; undefined when somebody else took it, or a backup is being made. */
export async function requestScheduledBackup(
  platform: Platform,
  row: DatabaseRow,
  run: { before: Date | null; reachedAt: Date },
): Promise<OperationRow | undefined> {
  const expiresAt = expiryOf(platform.clock.now(), await findPolicy(platform, row));
  return platform.state.transaction(async (tx) => {
    if (!(await takeScheduledRun(tx, row.id, run))) return undefined;
    const input: BackupInput = {
      backup_id: newBackupId(),
      expires_at: expiresAt.toISOString(),
      kind: "scheduled",
      due_at: run.reachedAt.toISOString(),
    };
    return insertOperation(tx, {
      kind: "create_backup",
      databaseId: row.id,
      accountId: row.account_id,
      input: { ...input },
    });
  });
}

export const createBackup: OperationHandler = {
  async run(platform, run) {
    const row = requireReady((await findDatabaseById(platform.state, run.row.database_id!))!);
    const { backup_id: id, expires_at: expiresAt, kind = "manual" } = run.row.input as unknown as BackupInput;
    const backup = await run.step("dump", () =>
      makeBackup(platform, run, row, { id, kind, expiresAt: new Date(expiresAt) }),
    );
    if (kind === "scheduled") await noteScheduledEnd(platform.state, row.id, null);
    return describeBackup(backup);
  },
  canCancel: () => true,
  /** A scheduled one is tried again before its next run. */
  async undo(platform, run) {
    const { backup_id: id, kind } = run.row.input as unknown as BackupInput;
    await discardBackup(platform, id, run.row.input.undoing as ErrorBody);
    if (kind !== "scheduled" || run.row.database_id === null) return;
    const { failures } = await findBackupPolicy(platform.state, run.row.database_id);
    const retryAt = new Date(platform.clock.now().getTime() + retryDelayMs(failures + 1));
    await noteScheduledEnd(platform.state, run.row.database_id, retryAt);
  },
};
