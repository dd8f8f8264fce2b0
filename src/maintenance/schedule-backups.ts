/** In charge of beginning the scheduled backups that are due: a few at a time, those first that have waited longest. */
import { policyOf } from "../backups/backup-policy.ts";
import { planRun } from "../backups/plan-run.ts";
import { requestScheduledBackup } from "../databases/create-backup.ts";
import { requestVerification } from "../databases/verify-backup.ts";
import type { Platform } from "../instances/platform.ts";
import {
  listScheduledDatabases,
  resetScheduledRun,
  type ScheduledDatabase,
} from "../state/backup-policies.ts";
import { findDatabaseById } from "../state/databases.ts";
import type { OperationRow } from "../state/operations.ts";
import { countScheduledBackups, findBackupToVerify } from "../state/scheduled-operations.ts";

/** However many are due at the same minute, the machine and other work have room. Returns the operations that were begun. */
export async function scheduleBackups(platform: Platform): Promise<OperationRow[]> {
  let room = platform.config.backupsAtOnce - (await countScheduledBackups(platform.state));
  const begun: OperationRow[] = [];
  if (room <= 0) return begun;
  const now = platform.clock.now();
  for (const row of await listScheduledDatabases(platform.state)) {
    if (room <= 0 || platform.stopping.aborted) break;
    const operation = await beginIfDue(platform, row, now);
    if (!operation) continue;
    begun.push(operation);
    room -= 1;
  }
  return begun;
}

/** A trial restore of a backup that a schedule made; one at a time. */
export async function scheduleVerification(platform: Platform): Promise<OperationRow[]> {
  const found = await findBackupToVerify(platform.state);
  if (!found) return [];
  const row = (await findDatabaseById(platform.state, found.database_id))!;
  return [await requestVerification(platform, row.account_id, { ...found, status: "completed" })];
}

/** A database that is being made or restored stays due until it is ready. */
async function beginIfDue(
  platform: Platform,
  row: ScheduledDatabase,
  now: Date,
): Promise<OperationRow | undefined> {
  const { schedule } = policyOf(row, row);
  if (schedule === null) return undefined;
  const reachedAt = row.reached_at ?? row.created_at;
  const plan = planRun(schedule, { reachedAt, retryAt: row.retry_at }, now);
  if (plan.do === "reset") await resetScheduledRun(platform.state, row.id, now);
  if (plan.do !== "run" || row.status !== "ready") return undefined;
  return requestScheduledBackup(platform, row, { before: row.reached_at, reachedAt: plan.at });
}
