/** In charge of the rows of backup policies: what was wished of a database's schedule, and how far it has come. */
import type { DatabaseId } from "../base/id.ts";
import type { DatabaseRow } from "./databases.ts";
import type { Queryable } from "./state.ts";

export interface BackupPolicyWishes {
  /** Cron in UTC, or `off`; null: what the class says, as with the others. */
  schedule: string | null;
  retention: string | null;
  snapshot_on_delete: boolean | null;
  snapshot_on_reset: boolean | null;
}

export interface BackupPolicyRow extends BackupPolicyWishes {
  /** When the schedule was set; null: it is the class's. */
  scheduled_since: Date | null;
  /** The run of the schedule that was last begun; null: none since the database was created. */
  reached_at: Date | null;
  /** In a row. */
  failures: number;
  retry_at: Date | null;
}

const nothingWished: BackupPolicyRow = {
  schedule: null,
  retention: null,
  snapshot_on_delete: null,
  snapshot_on_reset: null,
  scheduled_since: null,
  reached_at: null,
  failures: 0,
  retry_at: null,
};

export async function findBackupPolicy(db: Queryable, databaseId: DatabaseId): Promise<BackupPolicyRow> {
  const { rows } = await db.query<BackupPolicyRow>(
    `select schedule, retention, snapshot_on_delete, snapshot_on_reset, scheduled_since, reached_at, failures, retry_at
       from backup_policies where database_id = $1`,
    [databaseId],
  );
  return rows[0] ?? nothingWished;
}

/** @param since when the schedule begins to count anew; null: it did not change. */
export async function saveBackupPolicy(
  db: Queryable,
  databaseId: DatabaseId,
  wishes: BackupPolicyWishes,
  since: Date | null,
): Promise<void> {
  await db.query(
    `insert into backup_policies as p
       (database_id, schedule, retention, snapshot_on_delete, snapshot_on_reset, scheduled_since, reached_at)
     values ($1, $2, $3, $4, $5, $6, $6)
     on conflict (database_id) do update
       set schedule = excluded.schedule, retention = excluded.retention,
           snapshot_on_delete = excluded.snapshot_on_delete, snapshot_on_reset = excluded.snapshot_on_reset,
           scheduled_since = coalesce(excluded.scheduled_since, p.scheduled_since),
           reached_at = coalesce(excluded.reached_at, p.reached_at),
           failures = case when excluded.reached_at is null then p.failures else 0 end,
           retry_at = case when excluded.reached_at is null then p.retry_at end`,
    [
      databaseId,
      wishes.schedule,
      wishes.retention,
      wishes.snapshot_on_delete,
      wishes.snapshot_on_reset,
      since,
    ],
  );
}

/** Takes a run of the schedule; false when somebody else has, or work on the database is under way. */
export async function takeScheduledRun(
  db: Queryable,
  databaseId: DatabaseId,
  run: { before: Date | null; reachedAt: Date },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into backup_policies as p (database_id, reached_at)
     select $1, $3
      where not exists (select from operations
                         where database_id = $1 and status in ('pending', 'running') and kind = 'create_backup')
     on conflict (database_id) do update set reached_at = excluded.reached_at, retry_at = null
       where p.reached_at is not distinct from $2`,
    [databaseId, run.before, run.reachedAt],
  );
  return rowCount === 1;
}

/** Where a clock that was set back finds its schedule. */
export async function resetScheduledRun(
  db: Queryable,
  databaseId: DatabaseId,
  reachedAt: Date,
): Promise<void> {
  await db.query(
    `insert into backup_policies (database_id, reached_at) values ($1, $2)
     on conflict (database_id) do update set reached_at = excluded.reached_at, retry_at = null`,
    [databaseId, reachedAt],
  );
}

/** @param retryAt null: it went well. */
export async function noteScheduledEnd(
  db: Queryable,
  databaseId: DatabaseId,
  retryAt: Date | null,
): Promise<void> {
  await db.query(
    `update backup_policies
        set failures = case when $2::timestamptz is null then 0 else failures + 1 end, retry_at = $2
      where database_id = $1`,
    [databaseId, retryAt],
  );
}

export interface ScheduledDatabase extends DatabaseRow, BackupPolicyRow {
  /** When its newest backup was begun that is complete. */
  last_backup_at: Date | null;
  /** How the newest trial restore of one of its backups went. */
  last_verification: string | null;
}

/** Every living database with its wishes. */
export async function listScheduledDatabases(db: Queryable): Promise<ScheduledDatabase[]> {
  const { rows } = await db.query<ScheduledDatabase>(
    `select d.*, p.schedule, p.retention, p.snapshot_on_delete, p.snapshot_on_reset,
            p.scheduled_since, p.reached_at,
            coalesce(p.failures, 0) as failures, p.retry_at, b.last_backup_at,
            (select v.verification->>'status' from backups v
              where v.database_id = d.id and v.verification is not null
              order by v.verified_at desc limit 1) as last_verification
       from databases d
       left join backup_policies p on p.database_id = d.id
       left join (select database_id, max(created_at) as last_backup_at
                    from backups where status = 'completed' group by database_id) b on b.database_id = d.id
      where d.destroyed_at is null
      order by b.last_backup_at nulls first, d.id`,
  );
  return rows;
}
