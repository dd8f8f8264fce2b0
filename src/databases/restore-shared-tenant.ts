/**
 * In charge of taking one database of the shared server out of that server's archive: the files without other tenants'
 * contents, replayed on a server that nobody else reaches, dumped there, and restored into a fresh database as its owner.
 */
import type { ErrorBody } from "@postern/sdk/protocol";
import pg from "pg";
import { type ArchivedBackup, readBackupDatabases } from "../archive/archive-info.ts";
import { replay, restoreFiles } from "../archive/restore-server.ts";
import { scratchSpec } from "../archive/scratch-server.ts";
import { discardBackup } from "../backups/discard-backup.ts";
import { makeBackup } from "../backups/make-backup.ts";
import { openStorage } from "../backups/open-storage.ts";
import { restoreInto } from "../backups/restore-into.ts";
import { messageOf, posternError } from "../base/error.ts";
import { type BackupId, newBackupId } from "../base/id.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import { createTenant, dropOwner, dropPhysicalDatabase } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { spareDatabasePrefix, templateDatabase } from "../runtime/server-template.ts";
import { deleteBackupRow, findBackup } from "../state/backups.ts";
import type { DatabaseRow } from "../state/databases.ts";

export interface Moment {
  source: DatabaseRow;
  /** Whose archive is asked. */
  server: string;
  at: Date;
  backup: ArchivedBackup;
}

export async function restoreSharedTenant(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  moment: Moment,
): Promise<void> {
  const backupId = await dumpAtMoment(platform, run, moment);
  await run.step("fresh database", () => makeEmpty(platform, row));
  const { skippedGrants } = await run.step("restore", () =>
    restoreInto(platform, run, row, row.database_name, backupId),
  );
  await run.remember({ skipped_grants: skippedGrants });
  await run.step("tidy up", () => dropDump(platform, backupId));
}

export async function undoSharedTenant(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
): Promise<void> {
  await platform.runtime.remove(scratchSpec(platform.config.home, run.id));
  const dump = run.row.input.backup_id as BackupId | undefined;
  if (dump) {
    await discardBackup(platform, dump, run.row.input.undoing as ErrorBody);
    await dropDump(platform, dump);
  }
  await dropPhysicalDatabase(platform, row, row.database_name);
  await dropOwner(platform, row);
}

/** Repeatable: a dump that is complete is not made again. */
async function dumpAtMoment(platform: Platform, run: OperationRun, moment: Moment): Promise<BackupId> {
  const id = (run.row.input.backup_id as BackupId | undefined) ?? newBackupId();
  await run.remember({ backup_id: id });
  if ((await findBackup(platform.state, id))?.status === "completed") return id;
  const spec = scratchSpec(platform.config.home, run.id, moment.server);
  const { source } = moment;
  try {
    const label = moment.backup.label;
    const others = await run.step("choose", () => listOthers(platform, moment, label));
    await run.step("files", () => fetchFiles(platform, run, moment, others));
    await run.step("replay", () => replay(platform, spec, moment.at));
    if (!(await isWhole(platform, spec.name, moment))) {
      // It was copied from a database that was left out: then all of them are needed.
      await run.step("all files", () => fetchFiles(platform, run, moment, []));
      await run.step("replay again", () => replay(platform, spec, moment.at));
      await isWhole(platform, spec.name, moment, true);
    }
    await run.step("dump", () =>
      makeBackup(platform, run, source, { id, kind: "safety", expiresAt: null, server: spec.name }),
    );
    return id;
  } finally {
    await platform.runtime.remove(spec);
  }
}

async function fetchFiles(
  platform: Platform,
  run: OperationRun,
  moment: Moment,
  without: string[],
): Promise<void> {
  const spec = scratchSpec(platform.config.home, run.id);
  await platform.runtime.remove(spec);
  await restoreFiles(platform, run, spec.dataDirectory, {
    source: moment.server,
    until: moment.at,
    backup: moment.backup,
    without,
    archives: false,
  });
}

/**
 * Other tenants' databases, as the backup names them. What could have become this one since then is none of them: spare
 * databases, and what a restore fills before it takes its place.
 */
async function listOthers(platform: Platform, { server, source }: Moment, label: string): Promise<string[]> {
  const own = (name: string) => name === source.database_name || name.startsWith(`${source.database_name}_`);
  const common = (name: string) =>
    ["postgres", "template0", "template1", templateDatabase].includes(name) ||
    name.startsWith(spareDatabasePrefix);
  const names = await readBackupDatabases(platform, server, label);
  return names.filter((name) => !own(name) && !common(name));
}

/** Is the database there, and can it be read? @throws Y6021 when it was not there at that moment; Y6025 */
async function isWhole(
  platform: Platform,
  scratch: string,
  { source, at }: Moment,
  mustBe = false,
): Promise<boolean> {
  const exists = await withAdmin(platform, scratch, "postgres", async (client) => {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [
      source.database_name,
    ]);
    return rowCount === 1;
  });
  if (!exists)
    throw posternError("Y6021", `${source.name} did not exist at ${at.toISOString()}.`, {
      hint: "Choose a later moment.",
    });
  try {
    await withAdmin(platform, scratch, source.database_name, (client) =>
      client.query("select count(*) from pg_class, pg_attribute where attrelid = pg_class.oid"),
    );
    return true;
  } catch (error) {
    if (mustBe || !(error instanceof pg.DatabaseError))
      throw posternError("Y6025", `${source.name} cannot be read as it was at ${at.toISOString()}.`, {
        detail: messageOf(error),
        cause: error,
      });
    return false;
  }
}

/** What an attempt that was cut off had restored is dropped with its database. */
async function makeEmpty(platform: Platform, row: DatabaseRow): Promise<void> {
  await dropPhysicalDatabase(platform, row, row.database_name);
  await createTenant(platform, row);
}

async function dropDump(platform: Platform, id: BackupId): Promise<void> {
  const backup = await findBackup(platform.state, id);
  if (!backup) return;
  await openStorage(platform, backup.store).delete(backup.storage_key);
  await deleteBackupRow(platform.state, id);
}
