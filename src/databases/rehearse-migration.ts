/**
 * In charge of trying migrations on a copy of the database: how long each file takes there, whom it would keep waiting,
 * and whether it works at all. The copy is nobody else's, and is gone at the end.
 */

import { rm } from "node:fs/promises";
import type { MigrationFileBody, RehearsalResult } from "@postern/sdk/protocol";
import { copyContent, copyDirectoryOf } from "../backups/copy-content.ts";
import { requireDiskSpace } from "../base/disk-space.ts";
import { type AccountId, type InstanceId, newInstanceId } from "../base/id.ts";
import { cloneInstance } from "../instances/clone-instance.ts";
import { isOnOwnServer } from "../instances/is-on-own-server.ts";
import { machineOf } from "../instances/machine-of.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import { createPhysicalDatabase, dropPhysicalDatabase } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { ensureReserved, removeInstance, startClone } from "../instances/provision-instance.ts";
import { withRoomForMore } from "../instances/with-room-for-more.ts";
import { readMigrationBodies } from "../migrations/migration-file.ts";
import { rehearseFiles } from "../migrations/rehearse-files.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { withOwner } from "./migrate-database.ts";
import { requireReady } from "./require-ready.ts";

/** @throws Y5004 Y4051 */
export async function requestRehearsal(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
  files: MigrationFileBody[],
): Promise<OperationRow> {
  readMigrationBodies(files);
  await requireDiskSpace(platform, 64 * 1024 ** 2, `A copy of ${row.name}`);
  return platform.state.transaction((tx) =>
    insertOperation(tx, {
      kind: "rehearse_migration",
      databaseId: row.id,
      accountId,
      input: { files, instance: isOnOwnServer(row) ? newInstanceId() : null },
    }),
  );
}

export const rehearseMigration: OperationHandler = {
  async run(platform, run) {
    const row = requireReady((await findDatabaseById(platform.state, run.row.database_id!))!);
    const files = readMigrationBodies(run.row.input.files as MigrationFileBody[]);
    // What an attempt before this one did to its copy is not to be seen.
    await removeCopy(platform, run, row);
    const copy = await makeCopy(platform, run, row);
    const result: RehearsalResult = await run.step("rehearsal", () =>
      withRoomForMore(platform, copy, () =>
        withOwner(platform, copy, (client) =>
          rehearseFiles(client, files, {
            signal: run.signal,
            onProgress: ({ done, total }) => run.progress(done, total, "migrations"),
          }),
        ),
      ),
    );
    await run.step("tidy up", () => removeCopy(platform, run, row));
    return result;
  },

  canCancel: () => true,

  async undo(platform, run) {
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (row?.instance_id) await removeCopy(platform, run, row);
  },
};

/** The names are the original's: nobody else reaches a closed server, or knows of the database beside it. */
async function makeCopy(platform: Platform, run: OperationRun, row: DatabaseRow): Promise<DatabaseRow> {
  const instance = run.row.input.instance as InstanceId | null;
  if (instance === null) {
    const copy = { ...row, database_name: copyName(run, row) };
    await run.step("database", () => createPhysicalDatabase(platform, row, copy.database_name));
    await withRoomForMore(platform, row, () => copyContent(platform, run, row, copy));
    return copy;
  }
  await ensureReserved(platform, instance, row.class, machineOf(row));
  await run.step("copy", () =>
    cloneInstance(platform, row.instance_id!, instance, {
      signal: run.signal,
      onBytes: (done, total) => run.progress(done, total, "bytes"),
    }),
  );
  await run.step("start", () => startClone(platform, instance, row.class));
  return { ...row, instance_id: instance };
}

async function removeCopy(platform: Platform, run: OperationRun, row: DatabaseRow): Promise<void> {
  const instance = run.row.input.instance as InstanceId | null;
  await rm(copyDirectoryOf(platform.config.home, run), { recursive: true, force: true });
  if (instance === null) await dropPhysicalDatabase(platform, row, copyName(run, row));
  else await removeInstance(platform, instance);
}

const copyName = (run: OperationRun, row: DatabaseRow): string =>
  `${row.database_name}_try_${run.id.slice("op-".length)}`;
