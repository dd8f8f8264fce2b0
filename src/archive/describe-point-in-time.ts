/** In charge of what can be said of going back in time with a database. */
import type { PointInTimeInfo } from "@postern/sdk/protocol";
import { asPosternError, PosternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { type ArchivedServer, findArchivedServer } from "../state/archives.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { type ArchiverFacts, readArchiver } from "./archive-health.ts";
import { type ArchiveInfo, readArchiveInfo } from "./archive-info.ts";
import { retentionOf, wantsArchive } from "./plan-archive.ts";
import { archiveEverySeconds } from "./write-archive-files.ts";

const nothing: Omit<PointInTimeInfo, "status" | "reason"> = {
  earliest: null,
  latest: null,
  gaps: [],
  lag_seconds: null,
  last_full_backup_at: null,
  last_backup_at: null,
  retention_days: null,
  archive_bytes: null,
  problem: null,
};

export async function describePointInTime(
  platform: Platform,
  row: Pick<DatabaseRow, "instance_id" | "created_at" | "placed_at" | "paused_at">,
): Promise<PointInTimeInfo> {
  if (platform.toolchain.pgbackrest === null)
    return {
      ...nothing,
      status: "unavailable",
      reason: "The toolchain has no pgBackRest that knows its Postgres.",
    };
  const server =
    row.instance_id === null ? undefined : await findArchivedServer(platform.state, row.instance_id);
  if (!server) return { ...nothing, status: "off", reason: "The database has no server." };
  if (server.last_full_at === null) {
    const reason = whyOff(platform, server) ?? whyNew(row);
    return {
      ...nothing,
      status: wantsArchive(platform.config, server) ? "starting" : "off",
      reason,
      problem: server.problem,
    };
  }
  const [info, archiver] = await Promise.all([
    readArchiveInfo(platform, server.instance_id).catch(asPosternError),
    readArchiver(platform, server),
  ]);
  // A disk that is missing is what is told of, not what keeps it from being told.
  if (info instanceof PosternError)
    return { ...nothing, status: "on", reason: null, problem: server.problem ?? info.toBody() };
  const state = render(platform, server, info, archiver);
  return {
    ...state,
    reason: state.reason ?? whyNew(row),
    ...windowOf(platform, row, server, info, archiver),
  };
}

/** Why the window is shorter than the database is old. */
const whyNew = ({ placed_at: placedAt }: Pick<DatabaseRow, "placed_at">): string | null =>
  placedAt === null
    ? null
    : `The database came to this server at ${placedAt.toISOString()}; what was before that is in its backups only.`;

function whyOff(platform: Platform, server: ArchivedServer): string | null {
  if (wantsArchive(platform.config, server)) return null;
  if (!platform.config.pointInTime.enabled) return "POSTERN_PITR is off.";
  return server.wanted === false ? "It was switched off." : "It was not switched on.";
}

function render(
  platform: Platform,
  server: ArchivedServer,
  info: ArchiveInfo,
  archiver: ArchiverFacts | undefined,
): Omit<PointInTimeInfo, "earliest" | "latest"> {
  const age =
    archiver?.lastArchivedAt && (platform.clock.now().getTime() - archiver.lastArchivedAt.getTime()) / 1000;
  const isLate = archiver === undefined || archiver.isFailing || server.status !== "on";
  return {
    status: server.status === "on" ? "on" : "off",
    reason: server.status === "on" ? null : whyOff(platform, server),
    gaps: server.gaps,
    // What has not been archived for longer was written by nobody: else it would have been.
    lag_seconds: age == null ? null : Math.round(isLate ? age : Math.min(age, archiveEverySeconds)),
    last_full_backup_at: server.last_full_at!.toISOString(),
    last_backup_at: server.last_backup_at?.toISOString() ?? null,
    retention_days: retentionOf(platform.config, server),
    archive_bytes: info.repositoryBytes,
    problem: server.problem,
  };
}

/** While the server runs and archives, the last moment is now: what is missing is archived before a restore. */
function windowOf(
  platform: Platform,
  row: Pick<DatabaseRow, "created_at" | "placed_at" | "paused_at">,
  server: ArchivedServer,
  info: ArchiveInfo,
  archiver: ArchiverFacts | undefined,
): Pick<PointInTimeInfo, "earliest" | "latest"> {
  const [first] = info.backups;
  if (!first) return { earliest: null, latest: null };
  const since = row.placed_at ?? row.created_at;
  const earliest = new Date(Math.max(first.stoppedAt.getTime(), since.getTime()));
  // One that sleeps is woken by a restore.
  const answers = archiver !== undefined || row.paused_at !== null;
  const isLive = answers && server.failing_since === null && !archiver?.isFailing && server.status === "on";
  const openGap = server.gaps.find((gap) => gap.to === null);
  const until = openGap ? new Date(openGap.from) : (archiver?.lastArchivedAt ?? server.last_backup_at);
  const latest = isLive && !openGap ? platform.clock.now() : until;
  return {
    earliest: earliest.toISOString(),
    latest: latest !== null && latest > earliest ? latest.toISOString() : earliest.toISOString(),
  };
}
