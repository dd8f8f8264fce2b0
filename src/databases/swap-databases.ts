/** In charge of putting a fresh database in the place of the current one. */
import pg from "pg";
import { sleep } from "../base/clock.ts";
import { hasCode } from "../base/error.ts";
import { isSuperuser } from "../instances/limited-role.ts";
import { databaseExists, dropPhysicalDatabase } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import type { QueryService } from "../query/query-service.ts";
import type { DatabaseRow } from "../state/databases.ts";

const { escapeIdentifier: name, escapeLiteral: text } = pg;

export interface SwapNames {
  current: string;
  fresh: string;
  /** What the current one is called afterwards. */
  old: string;
}

/** Holds new clients, ends all sessions of the current database, and renames both in one transaction. */
export async function swapDatabases(
  platform: Platform,
  sessions: Pick<QueryService, "closeDatabase">,
  row: DatabaseRow,
  names: SwapNames,
): Promise<void> {
  await platform.pooler.pause(names.current);
  await withAdmin(platform, row.instance_id!, "postgres", async (client) => {
    await client.query(`alter database ${name(names.current)} with allow_connections false`);
    await sessions.closeDatabase(row.id);
    const isSuper = await isSuperuser(client);
    for (let attempt = 0; ; attempt += 1) {
      await client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = any($1)", [
        [names.current, names.fresh],
      ]);
      try {
        // Both names change, or neither.
        await client.query("begin");
        if (isSuper) await client.query(moveSettings(names));
        else await repeatSettings(client, names);
        await client.query(`
          alter database ${name(names.current)} rename to ${name(names.old)};
          alter database ${name(names.fresh)} rename to ${name(names.current)};
          commit`);
        return;
      } catch (error) {
        await client.query("rollback");
        // A session that was told to end takes a moment to do so.
        if (!hasCode(error, "55006") || attempt > 20) throw error;
        await sleep(100);
      }
    }
  });
}

/**
 * What was set by ALTER ROLE … IN DATABASE belongs to the owner and is in no dump. Postgres has no command that copies
 * such settings as they are, so their rows are copied.
 */
function moveSettings(names: SwapNames): string {
  const idOf = (database: string) => `(select oid from pg_database where datname = ${text(database)})`;
  return `
    delete from pg_db_role_setting where setdatabase = ${idOf(names.fresh)};
    insert into pg_db_role_setting (setdatabase, setrole, setconfig)
      select ${idOf(names.fresh)}, setrole, setconfig from pg_db_role_setting where setdatabase = ${idOf(names.current)}`;
}

/** The same without a superuser: by commands, each value as it is, which only the session's own setting can say. */
async function repeatSettings(client: pg.Client, names: SwapNames): Promise<void> {
  const { rows } = await client.query<{ database: string; role: string | null; setting: string }>(
    `select d.datname as database, r.rolname as role, unnest(s.setconfig) as setting
       from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase left join pg_roles r on r.oid = s.setrole
      where d.datname = any($1)`,
    [[names.current, names.fresh]],
  );
  const target = (role: string | null) =>
    role === null
      ? `alter database ${name(names.fresh)}`
      : `alter role ${name(role)} in database ${name(names.fresh)}`;
  for (const role of new Set(rows.filter(({ database }) => database === names.fresh).map((row) => row.role)))
    await client.query(`${target(role)} reset all`);
  for (const { role, setting } of rows.filter(({ database }) => database === names.current)) {
    const key = setting.slice(0, setting.indexOf("="));
    await client.query("select set_config($1, $2, true)", [key, setting.slice(key.length + 1)]);
    await client.query(`${target(role)} set ${key.split(".").map(name).join(".")} from current`);
  }
}

/** Before the swap: the fresh database goes, the current one is opened again. Repeatable. */
export async function undoSwap(platform: Platform, row: DatabaseRow, names: SwapNames): Promise<void> {
  await dropPhysicalDatabase(platform, row, names.fresh);
  await withAdmin(platform, row.instance_id!, "postgres", async (client) => {
    if (await databaseExists(client, names.current))
      await client.query(`alter database ${name(names.current)} with allow_connections true`);
  });
  await platform.pooler.resume(names.current);
}
