/** In charge of what an owner wishes of a database's backups. */
import type { BackupPolicyInfo, BackupPolicyRequest } from "@postern/sdk/protocol";
import { policyOf } from "../backups/backup-policy.ts";
import { checkCron, nextRun } from "../base/cron.ts";
import { parseDuration } from "../base/duration.ts";
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import {
  type BackupPolicyRow,
  type BackupPolicyWishes,
  findBackupPolicy,
  saveBackupPolicy,
} from "../state/backup-policies.ts";
import type { DatabaseRow } from "../state/databases.ts";

const hourMs = 3_600_000;
const longestRetentionMs = 100 * 365 * 24 * hourMs;

/** What is absent stays; null goes back to the class's. @throws Y6010 Y1001 */
export async function changeBackupPolicy(
  platform: Platform,
  row: DatabaseRow,
  input: BackupPolicyRequest,
): Promise<BackupPolicyInfo> {
  const before = await findBackupPolicy(platform.state, row.id);
  const wishes: BackupPolicyWishes = {
    schedule: input.schedule === undefined ? before.schedule : readSchedule(input.schedule),
    retention: input.retention === undefined ? before.retention : readRetention(input.retention),
    snapshot_on_delete:
      input.snapshot_on_delete === undefined ? before.snapshot_on_delete : input.snapshot_on_delete,
    snapshot_on_reset:
      input.snapshot_on_reset === undefined ? before.snapshot_on_reset : input.snapshot_on_reset,
  };
  const isNewSchedule = wishes.schedule !== before.schedule;
  await saveBackupPolicy(platform.state, row.id, wishes, isNewSchedule ? platform.clock.now() : null);
  return describeBackupPolicy(platform, row, await findBackupPolicy(platform.state, row.id));
}

export function describeBackupPolicy(
  platform: Pick<Platform, "clock">,
  row: DatabaseRow,
  wishes: BackupPolicyRow,
): BackupPolicyInfo {
  const policy = policyOf(row, wishes);
  const names = ["schedule", "retention", "snapshot_on_delete", "snapshot_on_reset"] as const;
  const next = policy.schedule === null ? null : nextRun(policy.schedule, platform.clock.now());
  return {
    schedule: policy.schedule,
    retention: policy.retention,
    snapshot_on_delete: policy.snapshotOnDelete,
    snapshot_on_reset: policy.snapshotOnReset,
    own: names.filter((name) => wishes[name] !== null),
    next_run_at: next?.toISOString() ?? null,
  };
}

function readSchedule(schedule: string | false | null): string | null {
  if (schedule === null) return null;
  return schedule === false || schedule === "off" ? "off" : checkCron(schedule);
}

function readRetention(retention: string | null): string | null {
  if (retention === null) return null;
  const ms = parseDuration(retention);
  if (ms >= hourMs && ms <= longestRetentionMs) return retention.replaceAll(/\s/g, "");
  throw posternError("Y1001", `A retention of ${retention} cannot be kept.`, {
    hint: "Write at least 1h and at most 100 years, for example 30d.",
  });
}
