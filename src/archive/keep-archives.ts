/**
 * In charge of archives staying in order: those that are wanted are switched on and backed up when it is time, those that
 * are not are switched off, and what goes wrong is written down where status and doctor see it.
 */
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { type ArchivedServer, listArchivedServers, updateArchive } from "../state/archives.ts";
import { insertOperation } from "../state/operations.ts";
import { type ArchiverFacts, readArchiver, readPushLog } from "./archive-health.ts";
import { archiveAdvice, archivePlace, isElsewhere, removeAbandonedArchives } from "./archive-place.ts";
import { reloadSettings } from "./back-up-server.ts";
import { dueBackup, openGap, retentionOf, wantsArchive } from "./plan-archive.ts";
import { removeArchiveCommand, writeArchiveCommand, writeArchiveConfig } from "./write-archive-files.ts";

/** A task of the maintenance timer; one server's trouble does not keep others waiting. */
export async function keepArchives(platform: Platform): Promise<void> {
  const failures: unknown[] = [];
  for (const server of await listArchivedServers(platform.state)) {
    if (platform.stopping.aborted) return;
    await keepArchive(platform, server).catch((error: unknown) => failures.push(error));
  }
  await removeAbandonedArchives(platform).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function keepArchive(platform: Platform, server: ArchivedServer): Promise<void> {
  const wanted = platform.toolchain.pgbackrest !== null && wantsArchive(platform.config, server);
  if (!wanted) {
    if (server.status !== "off") await switchOff(platform, server);
    return;
  }
  if (server.busy) return;
  const place = archivePlace(platform, server.instance_id);
  if (server.last_full_at !== null && isElsewhere(server.repository, place)) {
    await beginElsewhere(platform, server);
    return;
  }
  const archiver = await readArchiver(platform, server);
  // Nothing is written to a server that sleeps.
  if (archiver === undefined) return;
  const seen = server.status === "on" ? await lookAfter(platform, server, archiver) : server;
  const type = dueBackup(platform.config, seen, platform.clock.now());
  if (type === null) return;
  await insertOperation(platform.state, {
    kind: "back_up_server",
    databaseId: null,
    accountId: null,
    input: { archive_of: server.instance_id, type },
  });
}

/** What lies where archives were stays there; from the next look on the server has a first backup to make. */
async function beginElsewhere(platform: Platform, server: ArchivedServer): Promise<void> {
  await updateArchive(platform.state, server.instance_id, {
    status: "starting",
    last_full_at: null,
    last_backup_at: null,
    failing_since: null,
    problem: null,
    gaps: [],
    failures: 0,
    retry_at: null,
  });
}

/** What was archived stays. */
async function switchOff(platform: Platform, server: ArchivedServer): Promise<void> {
  const now = platform.clock.now();
  await removeArchiveCommand(platform, server.instance_id);
  await platform.runtime.reload(serverSpec(platform.config.home, server.instance_id, null));
  await updateArchive(platform.state, server.instance_id, {
    status: "off",
    problem: null,
    failing_since: null,
    gaps: openGap(server.gaps, now, new Date(0)),
  });
}

/** How archiving goes, written down where it changed. */
async function lookAfter(
  platform: Platform,
  server: ArchivedServer,
  archiver: ArchiverFacts,
): Promise<ArchivedServer> {
  const { config } = platform;
  const id = server.instance_id;
  const days = retentionOf(config, server);
  await writeArchiveConfig(platform, id, days);
  // Another release's program is elsewhere.
  if (await writeArchiveCommand(platform, id)) await reloadSettings(platform, id);
  const now = platform.clock.now();
  const log = await readPushLog(config, id, server.last_backup_at ?? new Date(0));
  const changes: Partial<ArchivedServer> = {};
  if (archiver.isFailing && server.failing_since === null) {
    changes.failing_since = archiver.lastArchivedAt ?? now;
    changes.problem = archivingFails(platform, id, log.lastWords);
  }
  if (!archiver.isFailing && server.failing_since !== null)
    Object.assign(changes, { failing_since: null, problem: null });
  if (log.droppedAt !== null && !server.gaps.some((gap) => gap.to === null)) {
    const since = server.failing_since ?? archiver.lastArchivedAt ?? log.droppedAt;
    changes.gaps = openGap(server.gaps, since, new Date(now.getTime() - 2 * days * 86_400_000));
  }
  if (Object.keys(changes).length > 0) await updateArchive(platform.state, id, changes);
  return { ...server, ...changes };
}

const archivingFails = (platform: Platform, id: string, words: string | null) =>
  posternError("Y6022", `The log of server ${id} cannot be archived.`, {
    ...(words === null ? {} : { detail: words }),
    hint: `${archiveAdvice(platform)} The server goes on, and gives log up before its own disk is full.`,
  }).toBody();
