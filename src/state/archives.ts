/** In charge of the rows of servers' archives. */
import type { DatabaseClass, ErrorBody, PointInTimeGap } from "@postern/sdk/protocol";
import type { InstanceRow } from "./instances.ts";
import type { Queryable } from "./state.ts";

export interface ArchiveRow {
  instance_id: InstanceRow["id"];
  /** Null: what the server's kind and its database's class say. */
  wanted: boolean | null;
  /** Null: the configuration's. */
  retention_days: number | null;
  status: "off" | "starting" | "on";
  problem: ErrorBody | null;
  last_full_at: Date | null;
  last_backup_at: Date | null;
  /** What was written since then is in no archive yet. */
  failing_since: Date | null;
  retry_at: Date | null;
  failures: number;
  gaps: PointInTimeGap[];
  /** Where it is, as a backup's row would say it; null: in a folder, since an older release. */
  repository: string | null;
}

/** A running server, with what decides about its archive. */
export interface ArchivedServer extends ArchiveRow {
  kind: InstanceRow["kind"];
  tcp_port: number;
  /** Of the database that has the server for itself. */
  class: DatabaseClass | null;
  /** How many databases it holds. */
  databases: number;
  /** An operation on its archive is under way. */
  busy: boolean;
}

const selectServers = `
  select i.id as instance_id, i.kind, i.tcp_port, a.wanted, a.retention_days, coalesce(a.status, 'off') as status, a.problem,
         a.last_full_at, a.last_backup_at, a.failing_since, a.retry_at, coalesce(a.failures, 0) as failures, coalesce(a.gaps, '[]') as gaps, a.repository,
         (select d.class from databases d where d.instance_id = i.id and i.kind = 'process' limit 1) as class,
         (select count(*)::int from databases d where d.instance_id = i.id) as databases,
         exists (select from operations o
                  where o.status in ('pending', 'running') and o.input->>'archive_of' = i.id) as busy
    from instances i
    left join archives a on a.instance_id = i.id`;

/** Those that are meant to run. */
export async function listArchivedServers(db: Queryable): Promise<ArchivedServer[]> {
  const { rows } = await db.query<ArchivedServer>(
    `${selectServers} where i.status = 'running' order by i.created_at, i.id`,
  );
  return rows;
}

export async function findArchivedServer(
  db: Queryable,
  id: InstanceRow["id"],
): Promise<ArchivedServer | undefined> {
  const { rows } = await db.query<ArchivedServer>(`${selectServers} where i.id = $1`, [id]);
  return rows[0];
}

/** Makes the row if there is none, and changes the columns given; names of columns come from this code. */
export async function updateArchive(
  db: Queryable,
  id: InstanceRow["id"],
  changes: Partial<Omit<ArchiveRow, "instance_id">>,
): Promise<void> {
  const columns = Object.keys(changes);
  const values = Object.entries(changes).map(([column, value]) =>
    column === "gaps" || (column === "problem" && value !== null) ? JSON.stringify(value) : value,
  );
  const places = columns.map((_, index) => `$${index + 2}`);
  await db.query(
    `insert into archives (instance_id, ${columns.join(", ")}) values ($1, ${places.join(", ")})
         on conflict (instance_id) do update set ${columns.map((column, index) => `${column} = ${places[index]}`).join(", ")}`,
    [id, ...values],
  );
}

/** Another server of the same database is archived, or not, as the first was meant to be; its archive begins anew. */
export async function keepArchiveWish(
  db: Queryable,
  from: InstanceRow["id"],
  to: InstanceRow["id"],
): Promise<void> {
  await db.query(
    `insert into archives (instance_id, wanted, retention_days)
       select $2, wanted, retention_days from archives where instance_id = $1
         on conflict (instance_id) do update set wanted = excluded.wanted, retention_days = excluded.retention_days`,
    [from, to],
  );
}

export async function deleteArchive(db: Queryable, id: InstanceRow["id"]): Promise<void> {
  await db.query("delete from archives where instance_id = $1", [id]);
}

/** An archive in a store that is to be deleted; noted before its server's row goes. */
export async function abandonArchive(db: Queryable, id: InstanceRow["id"]): Promise<void> {
  await db.query(
    `insert into abandoned_archives (repository)
     select repository from archives where instance_id = $1 and repository like 's3://%' on conflict do nothing`,
    [id],
  );
}

export async function listAbandonedArchives(db: Queryable): Promise<string[]> {
  const { rows } = await db.query<{ repository: string }>(
    "select repository from abandoned_archives order by since, repository",
  );
  return rows.map(({ repository }) => repository);
}

export async function isAbandonedArchive(db: Queryable, repository: string): Promise<boolean> {
  const { rowCount } = await db.query("select from abandoned_archives where repository = $1", [repository]);
  return rowCount === 1;
}

export async function forgetAbandonedArchive(db: Queryable, repository: string): Promise<void> {
  await db.query("delete from abandoned_archives where repository = $1", [repository]);
}
