/** In charge of how well all databases are backed up: for the status, the metrics, and whoever is to be told. */
import type { Platform } from "../instances/platform.ts";
import { listScheduledDatabases } from "../state/backup-policies.ts";
import { policyOf } from "./backup-policy.ts";
import { overdueSince } from "./plan-run.ts";

export interface BackupSurvey {
  /** Databases with a schedule. */
  scheduled: number;
  overdue: { id: string; name: string; since: Date }[];
  /** Whose last scheduled backup failed. */
  failing: { id: string; name: string; failures: number }[];
  /** Whose newest trial restore found a backup to be no good. */
  unverified: { id: string; name: string }[];
}

export async function surveyBackups(platform: Pick<Platform, "state" | "clock">): Promise<BackupSurvey> {
  const survey: BackupSurvey = { scheduled: 0, overdue: [], failing: [], unverified: [] };
  const now = platform.clock.now();
  for (const row of await listScheduledDatabases(platform.state)) {
    const { id, name, failures } = row;
    if (row.last_verification === "failed") survey.unverified.push({ id, name });
    const { schedule } = policyOf(row, row);
    if (schedule === null) continue;
    survey.scheduled += 1;
    const times = {
      createdAt: row.created_at,
      scheduledSince: row.scheduled_since,
      lastBackupAt: row.last_backup_at,
    };
    const since = overdueSince(schedule, times, now);
    if (since !== null) survey.overdue.push({ id, name, since });
    if (failures > 0) survey.failing.push({ id, name, failures });
  }
  return survey;
}

/** What an administrator should know. */
export function backupWarnings({ overdue, failing, unverified }: BackupSurvey): string[] {
  const names = (list: { name: string }[]) => {
    const first = list.slice(0, 5).map(({ name }) => name);
    return `${first.join(", ")}${list.length > 5 ? ` and ${list.length - 5} more` : ""}`;
  };
  const lines: string[] = [];
  if (overdue.length > 0)
    lines.push(`A backup is missing of ${names(overdue)}: see \`postern db backup status\`.`);
  const others = failing.filter(({ id }) => !overdue.some((entry) => entry.id === id));
  if (others.length > 0)
    lines.push(`The last scheduled backup of ${names(others)} failed; it is tried again.`);
  if (unverified.length > 0)
    lines.push(`A trial restore failed of ${names(unverified)}: see \`postern db backup list\`.`);
  return lines;
}
