/** In charge of saying whether a database's schedule is due. Pure: the clock may jump as it likes. */
import { latestRun, nextRun } from "../base/cron.ts";

export interface ScheduleState {
  /** The run that was last begun; when it was created if there was none. */
  reachedAt: Date;
  /** Of a run that failed. */
  retryAt: Date | null;
}

export type RunPlan =
  | { do: "wait" }
  /** One run, however many were missed. */
  | { do: "run"; at: Date }
  /** What was reached lies in a future that the clock has taken back: count from now. */
  | { do: "reset" };

const longestRetryMs = 3_600_000;

/** After so many failures in a row. */
export const retryDelayMs = (failures: number): number =>
  Math.min(longestRetryMs, 300_000 * 2 ** Math.max(0, failures - 1));

export function planRun(schedule: string, { reachedAt, retryAt }: ScheduleState, now: Date): RunPlan {
  if (reachedAt > now) return isFuture(schedule, reachedAt, now) ? { do: "reset" } : { do: "wait" };
  const latest = latestRun(schedule, now);
  if (latest !== null && latest > reachedAt) return { do: "run", at: latest };
  if (retryAt === null) return { do: "wait" };
  const isDue = retryAt <= now || retryAt.getTime() - now.getTime() > longestRetryMs;
  return isDue ? { do: "run", at: reachedAt } : { do: "wait" };
}

/**
 * A clock that is set back a little leaves the last run a little ahead of it, and that run is done. Further than half a
 * period ahead, waiting for it would leave a gap.
 */
function isFuture(schedule: string, reachedAt: Date, now: Date): boolean {
  const following = nextRun(schedule, reachedAt);
  const periodMs = following === null ? 0 : following.getTime() - reachedAt.getTime();
  return reachedAt.getTime() - now.getTime() > periodMs / 2;
}

/** How long after its time a scheduled backup may still come before it is called overdue. */
const overdueGraceMs = 3_600_000;

export interface BackupTimes {
  createdAt: Date;
  /** When the schedule was set; null: it is the class's. */
  scheduledSince: Date | null;
  /** Of any kind that is complete. */
  lastBackupAt: Date | null;
}

/** Since when a backup is missing; null: none is. */
export function overdueSince(schedule: string | null, times: BackupTimes, now: Date): Date | null {
  if (schedule === null) return null;
  const { createdAt, scheduledSince, lastBackupAt } = times;
  const last = Math.max(createdAt.getTime(), scheduledSince?.getTime() ?? 0, lastBackupAt?.getTime() ?? 0);
  const wanted = nextRun(schedule, new Date(last));
  return wanted !== null && now.getTime() - wanted.getTime() > overdueGraceMs ? wanted : null;
}
