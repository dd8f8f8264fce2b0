/** In charge of deciding what a server's archive needs now. */
import type { PointInTimeGap } from "@postern/sdk/protocol";
import type { Config } from "../base/config.ts";
import type { ArchivedServer } from "../state/archives.ts";

const dayMs = 86_400_000;

type Rules = Pick<Config, "pointInTime">;

/** The shared server holds many databases, so it is archived unless somebody says otherwise; of the others those of db.p3. */
export function wantsArchive(
  config: Rules,
  server: Pick<ArchivedServer, "wanted" | "kind" | "class">,
): boolean {
  if (!config.pointInTime.enabled) return false;
  return server.wanted ?? (server.kind === "shared" || server.class === "db.p3");
}

export const retentionOf = (config: Rules, server: Pick<ArchivedServer, "retention_days">): number =>
  server.retention_days ?? config.pointInTime.retentionDays;

/** The backup that is due; null: none. */
export function dueBackup(config: Rules, server: ArchivedServer, now: Date): "full" | "incr" | null {
  if (server.retry_at !== null && server.retry_at > now) return null;
  // The shared server's first backup waits for its first database.
  if (server.last_full_at === null) return server.databases > 0 ? "full" : null;
  const fullEveryDays = Math.min(7, retentionOf(config, server));
  if (isOlder(server.last_full_at, fullEveryDays, now)) return "full";
  if (server.last_backup_at === null || isOlder(server.last_backup_at, 1, now)) return "incr";
  // Only a backup makes the time after a gap reachable.
  const isOpen = server.gaps.some((gap) => gap.to === null);
  return (isOpen && server.failing_since === null) || server.status !== "on" ? "incr" : null;
}

const isOlder = (at: Date, days: number, now: Date): boolean => now.getTime() - at.getTime() >= days * dayMs;

/** One more gap, unless one is open; without those that nobody can reach any more. */
export function openGap(gaps: readonly PointInTimeGap[], from: Date, forgetBefore: Date): PointInTimeGap[] {
  const known = gaps.filter((gap) => gap.to === null || new Date(gap.to) > forgetBefore);
  return known.some((gap) => gap.to === null) ? known : [...known, { from: from.toISOString(), to: null }];
}

/** Is this moment in a time that the archive missed? */
export const isInGap = (gaps: readonly PointInTimeGap[], at: Date): boolean =>
  gaps.some((gap) => at > new Date(gap.from) && (gap.to === null || at < new Date(gap.to)));
