/** In charge of switching recovery to a point in time on and off for a database, and of the backups of servers' archives. */
import { backUpServer, reloadSettings } from "../archive/back-up-server.ts";
import { wantsArchive } from "../archive/plan-archive.ts";
import { removeArchive, removeArchiveCommand } from "../archive/write-archive-files.ts";
import { asPosternError, posternError } from "../base/error.ts";
import type { AccountId } from "../base/id.ts";
import type { OperationHandler } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { type ArchiveRow, deleteArchive, findArchivedServer, updateArchive } from "../state/archives.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { refuseByIsolation } from "./refuse-by-isolation.ts";
import { requireReady } from "./require-ready.ts";

/** @throws Y6020 where it cannot be had, or is not this database's own affair. */
export async function requestEnablePointInTime(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
  retentionDays: number | undefined,
): Promise<OperationRow> {
  requireReady(row);
  refuseByIsolation(row, "point in time");
  requireAvailable(platform);
  const server = row.instance_id!;
  if (server === "shared" && retentionDays !== undefined) throw sharedAffair(row);
  await updateArchive(platform.state, server, {
    wanted: true,
    ...(retentionDays === undefined ? {} : { retention_days: retentionDays }),
  });
  return platform.state.transaction((tx) =>
    insertOperation(tx, {
      kind: "enable_point_in_time",
      databaseId: row.id,
      accountId,
      input: { archive_of: server },
    }),
  );
}

/** @throws Y6020 on the shared server, where it is not this database's own affair. */
export async function requestDisablePointInTime(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
): Promise<OperationRow> {
  requireReady(row);
  refuseByIsolation(row, "point in time");
  if (row.instance_id === "shared") throw sharedAffair(row);
  return platform.state.transaction((tx) =>
    insertOperation(tx, {
      kind: "disable_point_in_time",
      databaseId: row.id,
      accountId,
      input: { archive_of: row.instance_id },
    }),
  );
}

/** The first full backup, or none where there is one. */
export const enablePointInTime: OperationHandler = {
  async run(platform, run) {
    const id = run.row.input.archive_of as ArchiveRow["instance_id"];
    const server = await findArchivedServer(platform.state, id);
    const type = server?.last_full_at == null ? "full" : "incr";
    await noting(platform, id, () => backUpServer(platform, run, id, type));
    return { database_id: run.row.database_id };
  },
};

export const disablePointInTime: OperationHandler = {
  async run(platform, run) {
    const id = run.row.input.archive_of as ArchiveRow["instance_id"];
    await updateArchive(platform.state, id, {
      wanted: false,
      status: "off",
      problem: null,
      failing_since: null,
    });
    await run.step("archive off", async () => {
      await removeArchiveCommand(platform, id);
      await reloadSettings(platform, id);
    });
    await run.step("delete the archive", () => removeArchive(platform, id));
    await deleteArchive(platform.state, id);
    await updateArchive(platform.state, id, { wanted: false });
    return { database_id: run.row.database_id };
  },
};

/** By the clock; nobody waits for it. */
export const backUpServerOperation: OperationHandler = {
  async run(platform, run) {
    const id = run.row.input.archive_of as ArchiveRow["instance_id"];
    const server = await findArchivedServer(platform.state, id);
    if (!server || !wantsArchive(platform.config, server)) return { instance_id: id };
    await noting(platform, id, () => backUpServer(platform, run, id, run.row.input.type as "full" | "incr"));
    return { instance_id: id };
  },
};

/** What went wrong stands in the archive's row, and it is tried again after ever longer pauses. */
async function noting(
  platform: Platform,
  id: ArchiveRow["instance_id"],
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    platform.stopping.throwIfAborted();
    const server = await findArchivedServer(platform.state, id).catch(() => undefined);
    if (server) {
      const failures = server.failures + 1;
      const pauseMs = Math.min(3_600_000, 60_000 * 2 ** failures);
      await updateArchive(platform.state, id, {
        problem: asPosternError(error).toBody(),
        failures,
        retry_at: new Date(platform.clock.now().getTime() + pauseMs),
      });
    }
    throw error;
  }
}

export function requireAvailable(platform: Platform): void {
  if (platform.toolchain.pgbackrest === null)
    throw posternError("Y6020", "Recovery to a point in time is not available here.", {
      detail: "The toolchain has no pgBackRest that knows its Postgres.",
      hint: "Postern's private toolchain has one: unset POSTERN_TOOLCHAIN.",
    });
  if (!platform.config.pointInTime.enabled)
    throw posternError("Y6020", "Recovery to a point in time is switched off.", {
      hint: "It is on again when Postern is started without POSTERN_PITR=off.",
    });
}

const sharedAffair = (row: DatabaseRow) =>
  posternError("Y6020", `${row.name} shares its server, whose archive holds all of its databases.`, {
    hint: "It is set for the whole Postern, by POSTERN_PITR and POSTERN_PITR_DAYS; `db scale` gives a database a server of its own.",
  });
