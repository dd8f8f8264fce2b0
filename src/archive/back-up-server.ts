/**
 * In charge of a server's archive being on and having a backup to start from: pgBackRest's stanza, the server's own
 * command, and a full or incremental backup. Every step can be repeated.
 */
import { sleep } from "../base/clock.ts";
import { posternError } from "../base/error.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { lockHeld, type PgbackrestEnd } from "../runtime/pgbackrest.ts";
import { type ArchivedServer, findArchivedServer, updateArchive } from "../state/archives.ts";
import { archiveAdvice, archivePlace, clearPlace } from "./archive-place.ts";
import { type ArchiveCall, callPgbackrest } from "./call-pgbackrest.ts";
import { writeArchiveCommand, writeArchiveConfig } from "./write-archive-files.ts";

/** A backup that goes on is waited for this long; the one of a daemon that was killed may still run. */
const lockPatienceMs = 600_000;
/** "stanza-create" says so when the archive is of another version of Postgres. */
const otherVersion = 28;

/** @throws Y6020 Y6022 Y6023 */
export async function backUpServer(
  platform: Platform,
  run: OperationRun,
  id: ArchivedServer["instance_id"],
  type: "full" | "incr",
): Promise<void> {
  const server = await requireServer(platform, id);
  if (server.status === "off") await updateArchive(platform.state, id, { status: "starting" });
  const days = server.retention_days ?? platform.config.pointInTime.retentionDays;
  await run.step("archive", () => switchOn(platform, run, id, days));
  await run.step(type === "full" ? "full backup" : "incremental backup", () =>
    pgbackrest(platform, run, {
      id,
      command: "backup",
      options: [`--type=${type}`],
      onPercent: (percent) => run.progress(percent, 100, "percent"),
    }),
  );
  const now = platform.clock.now();
  const after = await requireServer(platform, id);
  await updateArchive(platform.state, id, {
    status: "on",
    problem: null,
    failures: 0,
    retry_at: null,
    last_backup_at: now,
    // Without an earlier one pgBackRest makes a full backup of what was to be an incremental one.
    ...(type === "full" || server.last_full_at === null ? { last_full_at: now } : {}),
    // From this backup on every moment can be reached again.
    gaps: after.gaps.map((gap) => (gap.to === null ? { ...gap, to: now.toISOString() } : gap)),
  });
}

async function switchOn(
  platform: Platform,
  run: OperationRun,
  id: ArchivedServer["instance_id"],
  retentionDays: number,
): Promise<void> {
  const place = archivePlace(platform, id);
  await clearPlace(platform, place);
  await updateArchive(platform.state, id, { repository: place });
  await writeArchiveConfig(platform, id, retentionDays);
  await requireArchiveMode(platform, id);
  const made = await attempt(platform, run, { id, command: "stanza-create" });
  if (made.code === otherVersion) await pgbackrest(platform, run, { id, command: "stanza-upgrade" });
  else if (made.code !== 0) throw archiveFailed(platform, id, made);
  if (await writeArchiveCommand(platform, id)) await reloadSettings(platform, id);
}

/** A server that an earlier release started does not archive before its next start. */
async function requireArchiveMode(platform: Platform, id: string): Promise<void> {
  const mode = await withAdmin(platform, id, "postgres", async (client) => {
    const { rows } = await client.query<{ archive_mode: string }>("show archive_mode");
    return rows[0]!.archive_mode;
  });
  if (mode === "on") return;
  throw posternError("Y6020", `Server ${id} does not archive before its next start.`, {
    hint: "`postern down` and `postern up` start the servers again.",
  });
}

/** Resolves once the server follows its file. */
export async function reloadSettings(platform: Platform, id: string): Promise<void> {
  await withAdmin(platform, id, "postgres", (client) => client.query("select pg_reload_conf()"));
}

/** Waits while another one works on this archive. @throws Y6022 Y6023 */
export async function pgbackrest(platform: Platform, run: OperationRun, work: ArchiveWork): Promise<void> {
  const end = await attempt(platform, run, work);
  if (end.code !== 0) throw archiveFailed(platform, work.id, end);
}

export interface ArchiveWork extends Omit<ArchiveCall, "signal"> {
  /** The server whose archive it is. */
  id: string;
}

async function attempt(
  platform: Platform,
  run: OperationRun,
  { id, ...work }: ArchiveWork,
): Promise<PgbackrestEnd> {
  const deadline = performance.now() + lockPatienceMs;
  for (;;) {
    const end = await callPgbackrest(platform, id, { ...work, signal: run.signal });
    if (end.code !== lockHeld || performance.now() > deadline) return end;
    await sleep(500, run.signal);
  }
}

function archiveFailed(platform: Platform, id: string, end: PgbackrestEnd) {
  if (end.code === lockHeld)
    return posternError("Y6023", `The archive of ${id} is being worked on.`, { hint: "Try again later." });
  return posternError("Y6022", `The archive of ${id} is out of order.`, {
    detail: end.message,
    hint: `${archiveAdvice(platform)} The server itself goes on; it is tried again by itself.`,
  });
}

async function requireServer(platform: Platform, id: ArchivedServer["instance_id"]): Promise<ArchivedServer> {
  const server = await findArchivedServer(platform.state, id);
  if (server) return server;
  throw posternError("Y6028", `There is no server ${id}.`);
}
