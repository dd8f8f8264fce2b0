/** In charge of the log of changes inside a database: its table, what writes to it, its partitions, and what it takes to speak for a request. */
import pg from "pg";
import { hasCode, posternError } from "../base/error.ts";
import { readSql } from "../postgres/read-sql.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { clientAccessSql, macKeyOf, writeKey } from "./client-access.ts";
import { isSuperuser } from "./limited-role.ts";
import type { Platform } from "./platform.ts";
import { limitedSql } from "./registered/limited-sql.ts";
import { withAdmin } from "./with-admin.ts";

const { escapeIdentifier: name, escapeLiteral: text } = pg;

type Place = Pick<Platform, "config">;
type Tenant = Pick<DatabaseRow, "instance_id" | "database_name" | "role_name" | "name">;

/** Who the owner's session has to be, and what it signs with. */
export interface RequestSigner {
  login: string;
  macKey: Buffer;
}

/** Repeatable, also two at a time. @throws Y3004 when the database has no server yet */
export async function prepareStateLog(
  place: Place,
  row: Tenant,
  { now, keptSince }: { now: Date; keptSince: Date },
): Promise<RequestSigner> {
  if (row.instance_id === null) throw posternError("Y3004", `Database ${row.name} is not ready yet.`);
  const macKey = macKeyOf(row.database_name);
  await withAdmin(place, row.instance_id, row.database_name, async (client) => {
    const isSuper = await isSuperuser(client);
    const clientAccess = await clientAccessSql(isSuper);
    const log = await layingSql(row.role_name, isSuper);
    await client.query("begin");
    await client.query(`
      set local search_path = pg_catalog, pg_temp;
      set local lock_timeout = '5s';
      set local statement_timeout = '15s'`);
    await client.query("select pg_advisory_xact_lock(hashtext('postern client access'))");
    await client.query(clientAccess);
    await client.query(log);
    await writeKey(client, macKey);
    await client.query("commit");
    await makePartitions(client, now);
    await dropOldRecords(client, keptSince);
  });
  return { login: row.role_name, macKey };
}

/** The log with what its owner may do with it. */
async function layingSql(owner: string, isSuper: boolean): Promise<string> {
  return `${isSuper ? await readSql("state-log") : await limitedSql("state-log")};
    grant usage on schema postern to ${name(owner)};
    grant select on all tables in schema postern to ${name(owner)};
    grant execute on all functions in schema postern to ${name(owner)}`;
}

/** Makes a fresh database ready for the rows of a log that a dump brings, and for the triggers of its tables. */
export async function layStateLog(place: Place, row: Tenant, partitions: readonly string[]): Promise<void> {
  await withAdmin(place, row.instance_id!, row.database_name, async (client) => {
    await client.query(await layingSql(row.role_name, await isSuperuser(client)));
    await makeNamedPartitions(client, partitions);
  });
}

const partitionPrefix = "state_mutations_";
const partitionName = (month: Date): string =>
  partitionPrefix + month.toISOString().slice(0, 7).replace("-", "");
const monthOf = (time: Date, offset = 0): Date =>
  new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + offset, 1));

/** Of this month and the next, so that nothing has to be made in the moment in which it is needed. */
export async function makePartitions(client: pg.ClientBase, now: Date): Promise<void> {
  for (const offset of [0, 1]) {
    try {
      await makePartition(client, monthOf(now, offset));
    } catch (error) {
      await client.query("rollback");
      // Somebody reads the log for long: its rest takes what comes until the next time.
      if (!hasCode(error, "55P03")) throw error;
    }
  }
}

/** What lies in the rest, because its month had no partition when it came, moves into it. */
async function makePartition(client: pg.ClientBase, month: Date): Promise<void> {
  const partition = partitionName(month);
  const from = text(month.toISOString());
  const to = text(monthOf(month, 1).toISOString());
  const { rows } = await client.query("select to_regclass($1) is not null as made", [`postern.${partition}`]);
  if (rows[0].made) return;
  await client.query(`
    begin;
    set local lock_timeout = '5s';
    select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('postern state log'));
    create table if not exists postern.${partition} (like postern.state_mutations);
    create index if not exists ${partition}_truncates on postern.${partition} (at) where operation = 'TRUNCATE';
    create index if not exists ${partition}_tables on postern.${partition} (table_oid, at);
    revoke all on postern.${partition} from public;
    grant select on postern.${partition} to postern_owner;
    with moved as (
      delete from postern.state_mutations_rest where at >= ${from} and at < ${to} returning *)
    insert into postern.${partition} select * from moved;
    alter table postern.state_mutations attach partition postern.${partition} for values from (${from}) to (${to});
    commit`);
}

/** For a log that is there, and is written to. */
export async function tendStateLog(
  client: pg.ClientBase,
  { now, keptSince }: { now: Date; keptSince: Date },
): Promise<void> {
  // Nothing of the tenant's is looked up by an unqualified name.
  await client.query("set search_path = pg_catalog, pg_temp");
  const log = await client.query("select to_regclass('postern.state_mutations') is not null as exists");
  if (!log.rows[0].exists) return;
  const { rows } = await client.query(`
    select exists (select from postern.state_mutations) or exists (
             select from pg_trigger where tgfoid = to_regprocedure('postern.capture_mutation()')) as used`);
  if (!rows[0].used) return;
  await makePartitions(client, now);
  await dropOldRecords(client, keptSince);
}

/** Those whose rows a dump brings, before it brings them. */
async function makeNamedPartitions(client: pg.ClientBase, names: Iterable<string>): Promise<void> {
  for (const partition of names) {
    const [, year, month] = /^state_mutations_(\d{4})(\d\d)$/.exec(partition) ?? [];
    if (year !== undefined)
      await makePartition(client, new Date(Date.UTC(Number(year), Number(month) - 1, 1)));
  }
}

/** Drops the months that lie wholly before this moment, and answers of requests that nobody sends again any more. */
async function dropOldRecords(client: pg.ClientBase, before: Date): Promise<void> {
  const { rows } = await client.query<{ name: string }>(`
    select c.relname as name from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'postern.state_mutations'::pg_catalog.regclass and c.relname ~ '^state_mutations_\\d{6}$'`);
  const oldest = partitionName(monthOf(before));
  await client.query("set lock_timeout = '5s'");
  try {
    for (const { name: partition } of rows)
      if (partition < oldest) await client.query(`drop table postern.${name(partition)}`);
    await client.query("delete from postern.state_mutations_rest where at < $1", [before]);
    await client.query("delete from postern.kept_answers where at < pg_catalog.now() - interval '1 day'");
  } catch (error) {
    if (!hasCode(error, "55P03")) throw error;
  }
}
