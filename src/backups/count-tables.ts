/** In charge of counting the rows of a database's tables, as far as that is cheap: what a trial restore is held against. */
import type pg from "pg";
import { hasCode } from "../base/error.ts";
import { backupRole } from "../instances/database-address.ts";
import type { Platform } from "../instances/platform.ts";
import { connectAs } from "../instances/with-admin.ts";
import type { BackupContents, TableCount } from "../state/backups.ts";

/** A table is counted so far; a dump reads it whole in any case. */
const mostRows = 1_000_000;
/** For all tables; those that are left then are only named. */
const patienceMs = 60_000;

/** Shows `work` a snapshot of the database and counts what is in that very snapshot. */
export async function withCountedSnapshot<Result>(
  platform: Platform,
  place: { server: string; database: string },
  work: (snapshot: string) => Promise<Result>,
): Promise<{ result: Result; contents: BackupContents | null }> {
  const client = await connectAs(platform, place.server, place.database, backupRole);
  try {
    await client.query(settings);
    await client.query("begin isolation level repeatable read read only");
    const { rows } = await client.query<{ id: string }>("select pg_export_snapshot() as id");
    // A count that fails is no reason to have no backup.
    const counting = countTables(client).catch((error: unknown) => {
      platform.observe({ type: "fault", where: `counting ${place.database}`, error });
      return null;
    });
    try {
      return { result: await work(rows[0]!.id), contents: await counting };
    } finally {
      await counting;
    }
  } finally {
    await client.end().catch(() => {});
  }
}

/** What is in a database now. */
export async function countDatabase(
  platform: Platform,
  place: { server: string; database: string },
): Promise<BackupContents> {
  const client = await connectAs(platform, place.server, place.database, backupRole);
  try {
    await client.query(settings);
    await client.query("begin isolation level repeatable read read only");
    return await countTables(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Whoever waits to change a table must not wait for a count as well. */
const settings =
  "set search_path = ''; set lock_timeout = '1s'; set idle_in_transaction_session_timeout = 0; set statement_timeout = 0";

/** The tenant's own tables, and the ledger of its migrations. */
const listTables = `
  select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and c.relpersistence <> 't'
     and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'auth', 'postern_private')
     and (n.nspname <> 'postern' or c.relname = 'schema_migrations')
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
   order by 1`;

async function countTables(client: pg.Client): Promise<BackupContents> {
  const { rows } = await client.query<{ name: string }>(listTables);
  const deadline = performance.now() + patienceMs;
  const tables: TableCount[] = [];
  for (const { name } of rows) tables.push(await countTable(client, name, deadline - performance.now()));
  return { tables };
}

async function countTable(client: pg.Client, name: string, leftMs: number): Promise<TableCount> {
  if (leftMs < 1) return { name, rows: null };
  await client.query(`savepoint one; set local statement_timeout = ${Math.ceil(leftMs)}`);
  try {
    const { rows } = await client.query<{ count: string }>(
      `select count(*) from (select from only ${name} limit ${mostRows + 1}) as counted`,
    );
    await client.query("release one");
    const count = Number(rows[0]!.count);
    return count > mostRows ? { name, rows: mostRows, more: true } : { name, rows: count };
  } catch (error) {
    // Locked, or too large for the time that is left.
    if (!hasCode(error, "55P03", "57014")) throw error;
    await client.query("rollback to one");
    return { name, rows: null };
  }
}

/** How `found` differs from what a backup should hold; null: it does not. What was not counted is not compared. */
export function compareContents(wanted: BackupContents, found: BackupContents): string | null {
  const rowsOf = new Map(found.tables.map((table) => [table.name, table]));
  const differences = wanted.tables.flatMap(({ name, rows, more }) => {
    const table = rowsOf.get(name);
    if (!table) return [`${name} is missing`];
    if (rows === null || table.rows === null) return [];
    if (rows === table.rows && more === table.more) return [];
    return [`${name} has ${table.rows}${table.more ? "+" : ""} rows and not ${rows}${more ? "+" : ""}`];
  });
  if (differences.length === 0) return null;
  const rest = differences.length - 10;
  return `${differences.slice(0, 10).join("; ")}${rest > 0 ? `; and ${rest} more` : ""}.`;
}
