/** In charge of bringing a destroyed database back from its last backup: same id, name, owner, password and tokens. */
import { restoreInto } from "../backups/restore-into.ts";
import { requireDiskSpace } from "../base/disk-space.ts";
import { hasCode, posternError } from "../base/error.ts";
import { type AccountId, type InstanceId, newInstanceId } from "../base/id.ts";
import { isOnOwnServer } from "../instances/is-on-own-server.ts";
import type { OperationHandler } from "../instances/operation-run.ts";
import { createTenant, dropPhysicalDatabase } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { provisionInstance } from "../instances/provision-instance.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { majorOf } from "../instances/server-toolchain.ts";
import { findFinalBackup } from "../state/backups.ts";
import { type DatabaseRow, findDatabaseById, updateDatabase } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { listRegistered } from "../state/registered-instances.ts";
import type { Queryable } from "../state/state.ts";
import { chooseInstance } from "./choose-instance.ts";
import { pauseAfterOf } from "./pause-rules.ts";
import { havePostgres } from "./postgres-version.ts";
import { removeData } from "./remove-data.ts";

/** @throws Y3004 when it is being brought back already, Y3008 when it cannot be brought back, Y3002 when its name is in use again. */
export async function requestUndeleteDatabase(
  platform: Platform,
  accountId: AccountId,
  row: DatabaseRow,
): Promise<OperationRow> {
  const backup = await findFinalBackup(platform.state, row.id);
  if (!backup || row.recoverable_until === null || row.recoverable_until <= platform.clock.now()) {
    throw posternError("Y3008", `Database ${row.name} cannot be brought back.`, {
      detail:
        row.recoverable_until === null
          ? "It was destroyed without a last backup."
          : "Its last backup has expired.",
    });
  }
  await requireDiskSpace(platform, 2 * Number(backup.size_bytes), `Database ${row.name}`);
  const own = row.isolation === "shared" ? "shared" : newInstanceId();
  // As it was; by a newer one where that is not to be had any more.
  const before = majorOf(backup.version);
  const major = (await platform.majors.list()).includes(before) ? before : undefined;
  const { destroyed_at, recoverable_until } = row;
  try {
    return await platform.state.transaction(async (tx) => {
      // Two at once: the second waits here, and finds that the first has it. It would put the last backup over newer data.
      const { rowCount } = await tx.query(
        "select from databases where id = $1 and destroyed_at is not null for update",
        [row.id],
      );
      if (rowCount === 0)
        throw posternError("Y3004", `Database ${row.name} is being brought back already.`, {
          hint: `\`postern db wait ${row.name}\` waits until it is ready.`,
        });
      const instance = row.isolation === "external" ? await placeAgain(tx, row, before) : own;
      await updateDatabase(tx, row.id, { status: "restoring", destroyed_at: null, recoverable_until: null });
      return insertOperation(tx, {
        kind: "undelete_database",
        databaseId: row.id,
        accountId,
        input: {
          backup_id: backup.id,
          instance,
          destroyed_at,
          recoverable_until,
          ...(major !== undefined && { major }),
        },
      });
    });
  } catch (error) {
    if (!hasCode(error, "23505")) throw error;
    throw posternError("Y3002", `You have another database called "${row.name}" now.`, {
      hint: "Destroy that one first.",
    });
  }
}

/** Where it was, or where that is gone or full, on another registered server that can read its backup. */
async function placeAgain(tx: Queryable, row: DatabaseRow, backupMajor: string): Promise<InstanceId> {
  const all = await listRegistered(tx);
  const before = all.find(({ id }) => id === row.placed_on);
  const readers = all.filter(
    ({ classes, version }) =>
      (classes.length === 0 || classes.includes(row.class)) &&
      Number(majorOf(version)) >= Number(backupMajor),
  );
  const candidates = [before, ...readers].filter((candidate) => candidate !== undefined);
  const wish = { class: row.class, connectionLimit: row.connection_limit };
  for (const [index, { id }] of candidates.entries()) {
    try {
      const chosen = await chooseInstance(tx, { ...wish, instance: id });
      await updateDatabase(tx, row.id, { instance_id: chosen.id, placed_on: chosen.id });
      return chosen.id;
    } catch (error) {
      if (!hasCode(error, "Y8022") || index === candidates.length - 1) throw error;
    }
  }
  return (await chooseInstance(tx, wish)).id;
}

export const undeleteDatabase: OperationHandler = {
  async run(platform, run) {
    const instance = run.row.input.instance as InstanceId | "shared";
    const found = (await findDatabaseById(platform.state, run.row.database_id!))!;
    const row: DatabaseRow = { ...found, instance_id: instance };
    const sleeps = pauseAfterOf(platform, row) !== null;
    const inGuest = row.isolation === "microvm";
    if (isOnOwnServer(row)) {
      const major = (run.row.input.major as string | undefined) ?? platform.majors.usual;
      await havePostgres(platform, run, major);
      await run.step("instance", () =>
        provisionInstance(platform, instance as InstanceId, row.class, {
          sleeps: sleeps || inGuest,
          major,
          inGuest,
        }),
      );
    }
    await updateDatabase(platform.state, row.id, { instance_id: instance });
    await run.step("database", async () => {
      // A restore that was cut off left a part: it begins again with an empty database.
      await dropPhysicalDatabase(platform, row, row.database_name);
      await createTenant(platform, row);
    });
    await run.step("data", () =>
      restoreInto(platform, run, row, row.database_name, String(run.row.input.backup_id)),
    );
    if (instance !== "shared") {
      const { socketDirectory } = serverLayout(platform.config.home, instance);
      await run.step("pooler", () => platform.pooler.route({ database: row.database_name, socketDirectory }));
    }
    await updateDatabase(platform.state, row.id, { status: "ready" });
    return { database_id: row.id };
  },

  async undo(platform, run) {
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (!row) return;
    const { instance, destroyed_at, recoverable_until } = run.row.input as {
      instance: InstanceId | "shared";
      destroyed_at: string;
      recoverable_until: string;
    };
    await platform.pooler.unroute(row.database_name);
    await removeData(platform, { ...row, instance_id: instance });
    await updateDatabase(platform.state, row.id, {
      status: "destroyed",
      instance_id: null,
      destroyed_at: new Date(destroyed_at),
      recoverable_until: new Date(recoverable_until),
    });
  },
};
