/**
 * In charge of filling an empty database from a backup. Everything that the tenant made is restored in a session of the
 * tenant's own role, logged in as such: restored content runs code (functions behind checks, generated columns, indexes),
 * and a session that began as a superuser could be led back to it.
 */
import pg from "pg";
import { hasCode, messageOf, posternError } from "../base/error.ts";
import { isBackupId } from "../base/id.ts";
import { adminRole } from "../instances/database-address.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { majorOf, serverToolchain } from "../instances/server-toolchain.ts";
import { layStateLog } from "../instances/state-log.ts";
import { connectAs } from "../instances/with-admin.ts";
import { withRoomForMore } from "../instances/with-room-for-more.ts";
import { type BackupRow, findBackup } from "../state/backups.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { planRestore, readContents } from "./archive-contents.ts";
import { verifyArtefact } from "./backup-artefact.ts";
import { planPrivileges } from "./plan-privileges.ts";
import { readEntries, restoreEntries, restoreFailed } from "./restore-entries.ts";

export interface RestoreOptions {
  /** Its file was read and compared with its checksum a moment ago. */
  isChecked?: boolean;
  /** Of the planner: `rough` ones where full ones follow soon, none where nobody asks. */
  statistics?: "full" | "rough" | "none";
}

export interface RestoreOutcome {
  /** Grants that name roles which do not exist here. */
  skippedGrants: string[];
}

/** Restores into `databaseName`, which was just made from the template for the owner of `row`. @throws Y6001 Y6003 Y6004 Y6007 Y2065 */
export async function restoreInto(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  databaseName: string,
  backupId: string,
  { isChecked = false, statistics = "full" }: RestoreOptions = {},
): Promise<RestoreOutcome> {
  const backup = isBackupId(backupId) ? await findBackup(platform.state, backupId) : undefined;
  if (!backup) throw posternError("Y6001", `There is no backup ${backupId}.`);
  await requireReadable(platform, backup, row.instance_id!);
  if (!isChecked) await verifyArtefact(platform, backup);
  const plan = planRestore(await readContents(platform, backup));
  const target = (role: string) => ({ server: row.instance_id!, databaseName, role });
  // The ledger is the platform's. That this runs as its superuser is safe: nothing of the tenant's is in the database
  // yet, and the entries are COPY statements that pg_dump wrote for tables which no tenant can alter, in a file whose
  // checksum is the one noted.
  if (plan.logPartitions.length > 0)
    await layStateLog(platform, { ...row, database_name: databaseName }, plan.logPartitions);
  await restoreEntries(platform, run, backup, plan.ledger, target(adminRole));
  return withRoomForMore(platform, row, async () => {
    const owner = await connectAs(platform, row.instance_id!, databaseName, row.role_name);
    try {
      await owner.query(
        "set search_path = ''; set statement_timeout = 0; set default_transaction_read_only = off",
      );
      await takeTemplateGrants(owner);
      await restoreEntries(platform, run, backup, plan.content, target(row.role_name));
      await requireTables(owner, backup, plan.tables);
      const sql = await readEntries(platform, run, backup, plan.privileges, row.instance_id!);
      const skippedGrants = await restorePrivileges(platform, owner, row, backup, sql);
      if (statistics === "rough") await owner.query("set default_statistics_target = 10");
      if (statistics !== "none") await owner.query("analyze");
      return { skippedGrants };
    } finally {
      await owner.end();
    }
  });
}

/** Postgres takes over what an older major wrote, and never the other way round. @throws Y2065 */
export async function requireReadable(platform: Platform, backup: BackupRow, server: string): Promise<void> {
  const here = majorOf((await serverToolchain(platform, server)).postgresVersion);
  const there = majorOf(backup.version);
  if (Number(there) <= Number(here)) return;
  throw posternError("Y2065", `Backup ${backup.id} is of Postgres ${there}; the database runs ${here}.`, {
    hint: `Upgrade the database first: postern db upgrade … --to ${there}`,
  });
}

/**
 * A dump tells how privileges differ from Postgres's own defaults, not from the template's: with these left in place, a
 * right that the tenant took from anon would be back, and a function that was open to all would not be.
 */
async function takeTemplateGrants(owner: pg.Client): Promise<void> {
  await owner.query(`
    revoke all on schema public from anon, authenticated;
    alter default privileges grant execute on functions to public`);
}

/** pg_restore's exit code is its word; the tables are counted too. */
async function requireTables(owner: pg.Client, backup: BackupRow, wanted: number): Promise<void> {
  const { rows } = await owner.query<{ found: number }>(`
    select count(*)::int as found from pg_class c
     where c.relkind in ('r', 'p') and pg_get_userbyid(c.relowner) = current_user
       and not exists (select from pg_depend d
                        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`);
  const found = rows[0]!.found;
  if (found !== wanted)
    throw restoreFailed(backup, `${wanted} tables were expected, and ${found} are there.`);
}

/** Returns the grants that were left out. @throws Y6004 */
async function restorePrivileges(
  platform: Platform,
  owner: pg.Client,
  row: DatabaseRow,
  backup: BackupRow,
  sql: string,
): Promise<string[]> {
  const source = await findDatabaseById(platform.state, backup.database_id);
  const { rows } = await owner.query<{ name: string }>("select rolname as name from pg_roles");
  const roles = new Set(rows.map(({ name }) => name));
  const { statements, skipped } = await planPrivileges(
    sql,
    { before: source?.role_name ?? row.role_name, now: row.role_name },
    (role) => roles.has(role),
  );
  for (const statement of statements) {
    await owner.query(statement).catch((error: unknown) => {
      if (!(error instanceof pg.DatabaseError) || hasCode(error, "57P01", "57P02")) throw error;
      throw restoreFailed(backup, `${messageOf(error)}\n${statement}`);
    });
  }
  return skipped;
}
