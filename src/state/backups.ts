/** In charge of the rows of backups. */
import type { BackupKind, BackupStatus, BackupVerification, ErrorBody } from "@postern/sdk/protocol";
import type { BackupId, DatabaseId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export interface BackupRow {
  id: BackupId;
  database_id: DatabaseId;
  /** Joined from databases. */
  database_name: string;
  kind: BackupKind;
  status: BackupStatus;
  storage_key: string;
  size_bytes: string | null;
  checksum: string | null;
  version: string;
  error: ErrorBody | null;
  created_at: Date;
  finished_at: Date | null;
  expires_at: Date | null;
  /** Null: the folder of the configuration. */
  store: string | null;
  /** Null: not encrypted. */
  key_id: string | null;
  /** Of the file as it is stored; null: as the dump's. */
  stored_size_bytes: string | null;
  stored_checksum: string | null;
  contents: BackupContents | null;
  verification: BackupVerification | null;
  verified_at: Date | null;
}

/** What was in a database at the moment that its backup shows. */
export interface BackupContents {
  tables: TableCount[];
}

export interface TableCount {
  /** Schema and name, quoted. */
  name: string;
  /** Null: not counted. */
  rows: number | null;
  /** There are more: counting ended here. */
  more?: true;
}

/** Repeatable: a second insert of the same id does nothing. */
export async function insertBackup(
  db: Queryable,
  backup: Pick<
    BackupRow,
    | "id"
    | "database_id"
    | "kind"
    | "storage_key"
    | "store"
    | "key_id"
    | "version"
    | "created_at"
    | "expires_at"
  >,
): Promise<void> {
  await db.query(
    `insert into backups (id, database_id, kind, status, storage_key, store, key_id, version, created_at, expires_at)
     values ($1, $2, $3, 'running', $4, $5, $6, $7, $8, $9) on conflict (id) do nothing`,
    [
      backup.id,
      backup.database_id,
      backup.kind,
      backup.storage_key,
      backup.store,
      backup.key_id,
      backup.version,
      backup.created_at,
      backup.expires_at,
    ],
  );
}

type File = { sizeBytes: number; checksum: string };

/** @param file the dump, and the file as it is stored */
export async function completeBackup(
  db: Queryable,
  id: BackupId,
  { plain, stored }: { plain: File; stored: File },
  contents: BackupContents | null,
): Promise<void> {
  await db.query(
    `update backups
        set status = 'completed', size_bytes = $2, checksum = $3, stored_size_bytes = $4, stored_checksum = $5,
            contents = $6, finished_at = now(), error = null
      where id = $1`,
    [
      id,
      plain.sizeBytes,
      plain.checksum,
      stored.sizeBytes,
      stored.checksum,
      contents && JSON.stringify(contents),
    ],
  );
}

export async function failBackup(db: Queryable, id: BackupId, error: ErrorBody): Promise<void> {
  await db.query("update backups set status = 'failed', error = $2, finished_at = now() where id = $1", [
    id,
    JSON.stringify(error),
  ]);
}

export async function findBackup(db: Queryable, id: BackupId): Promise<BackupRow | undefined> {
  const { rows } = await db.query<BackupRow>(
    "select b.*, d.name as database_name from backups b join databases d on d.id = b.database_id where b.id = $1",
    [id],
  );
  return rows[0];
}

/** Newest first. */
export async function listBackups(
  db: Queryable,
  filter: { databaseId: DatabaseId; status?: BackupStatus | undefined; limit: number },
): Promise<BackupRow[]> {
  const { rows } = await db.query<BackupRow>(
    `select b.*, d.name as database_name from backups b join databases d on d.id = b.database_id
      where b.database_id = $1 and ($2::text is null or b.status = $2)
      order by b.created_at desc, b.id limit $3`,
    [filter.databaseId, filter.status ?? null, filter.limit],
  );
  return rows;
}

/**
 * Those whose time is over, but for what somebody works with, and the last scheduled one of a living database: should
 * its schedule fail for long, or be turned off, it does not end without any.
 */
export async function listExpiredBackups(db: Queryable, now: Date): Promise<BackupRow[]> {
  const { rows } = await db.query<BackupRow>(
    `select b.*, d.name as database_name from backups b join databases d on d.id = b.database_id
      where b.expires_at < $1 and b.status <> 'running'
        and not exists (select from operations o
                         where o.status in ('pending', 'running') and o.input->>'backup_id' = b.id)
        and not (d.destroyed_at is null
                 and b.id is not distinct from (select l.id from backups l
                              where l.database_id = b.database_id and l.kind = 'scheduled' and l.status = 'completed'
                              order by l.created_at desc, l.id limit 1))
      order by b.expires_at`,
    [now],
  );
  return rows;
}

/** Those that nobody makes any more: running, by their row, and part of no unfinished operation. */
export async function listAbandonedBackups(db: Queryable): Promise<BackupRow[]> {
  const { rows } = await db.query<BackupRow>(
    `select b.*, d.name as database_name from backups b join databases d on d.id = b.database_id
      where b.status = 'running'
        and not exists (select from operations o
                         where o.status in ('pending', 'running')
                           and b.id in (o.input->>'backup_id', o.input->>'safety_backup', o.input->>'final_backup'))`,
  );
  return rows;
}

/** The last backup of a destroyed database, if it is complete. */
export async function findFinalBackup(db: Queryable, databaseId: DatabaseId): Promise<BackupRow | undefined> {
  const { rows } = await db.query<BackupRow>(
    `select b.*, d.name as database_name from backups b join databases d on d.id = b.database_id
      where b.database_id = $1 and b.kind = 'final' and b.status = 'completed'
      order by b.created_at desc limit 1`,
    [databaseId],
  );
  return rows[0];
}

export async function lastCompletedBackupAt(db: Queryable, databaseId: DatabaseId): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date | null }>(
    "select max(created_at) as at from backups where database_id = $1 and status = 'completed'",
    [databaseId],
  );
  return rows[0]!.at;
}

export async function deleteBackupRow(db: Queryable, id: BackupId): Promise<void> {
  await db.query("delete from backups where id = $1", [id]);
}

export interface NewestBackups {
  completed: BackupRow | undefined;
  verified: BackupRow | undefined;
  failed: BackupRow | undefined;
}

export async function findNewestBackups(db: Queryable, databaseId: DatabaseId): Promise<NewestBackups> {
  const { rows } = await db.query<BackupRow & { what: keyof NewestBackups }>(
    `select w.what, b.*, d.name as database_name
       from (values ('completed'), ('verified'), ('failed')) as w(what)
      cross join lateral (
              select * from backups
               where database_id = $1
                 and case w.what when 'verified' then verification->>'status' = 'verified' else status = w.what end
               order by created_at desc, id limit 1) b
       join databases d on d.id = b.database_id`,
    [databaseId],
  );
  const find = (what: keyof NewestBackups) => rows.find((row) => row.what === what);
  return { completed: find("completed"), verified: find("verified"), failed: find("failed") };
}

export async function countBackups(
  db: Queryable,
  databaseId: DatabaseId,
): Promise<Record<BackupStatus, number>> {
  const { rows } = await db.query<Record<BackupStatus, number>>(
    `select count(*) filter (where status = 'completed')::int as completed,
            count(*) filter (where status = 'running')::int as running,
            count(*) filter (where status = 'failed')::int as failed
       from backups where database_id = $1`,
    [databaseId],
  );
  return rows[0]!;
}

export async function saveVerification(
  db: Queryable,
  id: BackupId,
  verification: BackupVerification,
  at: Date,
): Promise<void> {
  await db.query("update backups set verification = $2, verified_at = $3 where id = $1", [
    id,
    JSON.stringify(verification),
    at,
  ]);
}
