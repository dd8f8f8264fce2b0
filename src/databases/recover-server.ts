/**
 * In charge of a server whose data is lost or broken: its newest state is brought back from its archive. What is left of
 * the old data is set aside and never deleted.
 */
import { rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { closeArchive, restoreFiles } from "../archive/restore-server.ts";
import { replaySettings } from "../archive/scratch-server.ts";
import { sleep } from "../base/clock.ts";
import { posternError } from "../base/error.ts";
import type { AccountId } from "../base/id.ts";
import { keepServer } from "../instances/keep-server.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { type ArchiveRow, findArchivedServer, updateArchive } from "../state/archives.ts";
import { listDatabasesOfInstance } from "../state/databases.ts";
import { findInstance, type InstanceRow, updateInstance } from "../state/instances.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { listSleepingInstances, saveAwake } from "../state/pauses.ts";
import { requireAvailable } from "./archive-database.ts";

/** @param force also where the server runs. @throws Y6020 Y6027 Y6028 */
export async function requestRecoverServer(
  platform: Platform,
  accountId: AccountId,
  id: ArchiveRow["instance_id"],
  force: boolean,
): Promise<OperationRow> {
  requireAvailable(platform);
  const archive = await findArchivedServer(platform.state, id);
  if (!archive) throw posternError("Y6028", `There is no server ${id}.`);
  if (archive.last_full_at === null)
    throw posternError("Y6020", `Server ${id} has no archive to be recovered from.`, {
      hint: "Its databases may have backups: `postern db backup list`.",
    });
  const running = platform.supervisor.list().some(({ name, status }) => name === id && status === "running");
  const sleeps = (await listSleepingInstances(platform.state)).has(id);
  if ((running || sleeps) && !force)
    throw posternError("Y6027", `Server ${id} ${sleeps ? "sleeps" : "runs"}; there is nothing to recover.`, {
      hint: "If its data is broken all the same, say so with --force: the newest state of its archive takes its place.",
    });
  return platform.state.transaction((tx) =>
    insertOperation(tx, { kind: "recover_server", databaseId: null, accountId, input: { archive_of: id } }),
  );
}

export const recoverServer: OperationHandler = {
  async run(platform, run) {
    const row = await requireInstance(platform, run);
    const spec = serverSpec(platform.config.home, row.id, row.tcp_port, row.class);
    if (run.row.input.restored !== true) {
      await run.step("stop", () => stopServer(platform, run, spec));
      await run.step("set aside", () => setAside(run, spec.dataDirectory));
      await run.step("files", () =>
        restoreFiles(platform, run, spec.dataDirectory, {
          source: row.id,
          until: null,
          backup: null,
          without: [],
          archives: true,
        }),
      );
      await run.remember({ restored: true });
    }
    await run.step("replay", () => startAgain(platform, run, spec));
    await updateInstance(platform.state, row.id, { status: "running" });
    await saveAwake(platform.state, row.id);
    const missing = await run.step("look", () => listMissing(platform, row.id));
    // A new history begins here; a backup of it is due soon.
    await updateArchive(platform.state, row.id, { problem: null, failing_since: null, last_backup_at: null });
    return { instance_id: row.id, set_aside: run.row.input.aside ?? [], missing_databases: missing };
  },

  /** What could be restored is not taken away again; the server is tried as it is. */
  async undo(platform, run) {
    const row = await requireInstance(platform, run);
    await keepServer(platform, serverSpec(platform.config.home, row.id, row.tcp_port, row.class), {
      evenIfItFails: true,
    });
  },
};

/** A server that is still being recovered takes readers already; it is back when it takes writers. */
async function startAgain(
  platform: Platform,
  run: OperationRun,
  spec: ReturnType<typeof serverSpec>,
): Promise<void> {
  await keepServer(platform, { ...spec, settings: { ...spec.settings, ...replaySettings } });
  for (;;) {
    const isRecovering = await withAdmin(platform, spec.name, "postgres", async (client) => {
      const { rows } = await client.query<{ recovering: boolean }>(
        "select pg_is_in_recovery() as recovering",
      );
      return rows[0]!.recovering;
    });
    if (!isRecovering) break;
    await sleep(200, run.signal);
  }
  await keepServer(platform, spec);
}

/** One that still runs archives all that it has. */
async function stopServer(
  platform: Platform,
  run: OperationRun,
  spec: ReturnType<typeof serverSpec>,
): Promise<void> {
  if ((await platform.runtime.findPid(spec)) !== null)
    await closeArchive(platform, run, spec.name).catch((error: unknown) =>
      platform.observe({ type: "fault", where: `archiving ${spec.name} before its recovery`, error }),
    );
  platform.supervisor.release(spec.name);
  await platform.runtime.stop(spec);
}

/** The first time all that is there; later only what an attempt that was cut off had restored whole, and may have served. */
async function setAside(run: OperationRun, data: string): Promise<void> {
  const earlier = run.row.input.aside as string[] | undefined;
  const worthKeeping = earlier === undefined ? data : join(data, "global/pg_control");
  const aside = `${data}.lost-${run.id}${earlier?.length ? `-${earlier.length + 1}` : ""}`;
  const keep = await exists(worthKeeping);
  // A rename that was not followed by its end shows by the name that is taken.
  await run.remember({ aside: [...(earlier ?? []), ...(keep || (await exists(aside)) ? [aside] : [])] });
  if (keep && !(await exists(aside))) await rename(data, aside);
}

/** Names of databases that Postern knows and the server does not: made in its last minute. */
async function listMissing(platform: Platform, id: InstanceRow["id"]): Promise<string[]> {
  const rows = await listDatabasesOfInstance(platform.state, id);
  const found = await withAdmin(platform, id, "postgres", async (client) => {
    const { rows: names } = await client.query<{ name: string }>("select datname as name from pg_database");
    return new Set(names.map(({ name }) => name));
  });
  return rows.filter((row) => !found.has(row.database_name)).map((row) => row.name);
}

async function requireInstance(platform: Platform, run: OperationRun): Promise<InstanceRow> {
  const id = run.row.input.archive_of as InstanceRow["id"];
  const row = await findInstance(platform.state, id);
  if (row) return row;
  throw posternError("Y6028", `There is no server ${id} any more.`);
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
