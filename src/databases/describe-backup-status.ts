/** In charge of saying how well a database is backed up. */
import type { BackupStatusInfo } from "@postern/sdk/protocol";
import { describePointInTime } from "../archive/describe-point-in-time.ts";
import { describeBackup } from "../backups/describe-backup.ts";
import { overdueSince } from "../backups/plan-run.ts";
import type { Platform } from "../instances/platform.ts";
import { findBackupPolicy } from "../state/backup-policies.ts";
import { type BackupRow, countBackups, findNewestBackups } from "../state/backups.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { describeBackupPolicy } from "./change-backup-policy.ts";

export async function describeBackupStatus(platform: Platform, row: DatabaseRow): Promise<BackupStatusInfo> {
  const [wishes, newest, counts, pointInTime] = await Promise.all([
    findBackupPolicy(platform.state, row.id),
    findNewestBackups(platform.state, row.id),
    countBackups(platform.state, row.id),
    describePointInTime(platform, row),
  ]);
  const policy = describeBackupPolicy(platform, row, wishes);
  const times = {
    createdAt: row.created_at,
    scheduledSince: wishes.scheduled_since,
    lastBackupAt: newest.completed?.created_at ?? null,
  };
  const missingSince =
    row.destroyed_at === null ? overdueSince(policy.schedule, times, platform.clock.now()) : null;
  const describe = (backup: BackupRow | undefined) => (backup ? describeBackup(backup) : null);
  const isOver = newest.failed && newest.completed && newest.completed.created_at > newest.failed.created_at;
  return {
    ...policy,
    database_id: row.id,
    name: row.name,
    last_backup_at: newest.completed?.created_at.toISOString() ?? null,
    latest: describe(newest.completed),
    last_verified: describe(newest.verified),
    overdue: missingSince !== null,
    overdue_since: missingSince?.toISOString() ?? null,
    failures: wishes.failures,
    last_failure: isOver ? null : describe(newest.failed),
    ...counts,
    point_in_time: pointInTime,
  };
}
