/** In charge of the work that schedules have begun, and of what they have to begin next. */
import type { BackupId, DatabaseId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

/** Scheduled backups under way or waiting. */
export async function countScheduledBackups(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int from operations
      where status in ('pending', 'running') and kind = 'create_backup' and input->>'kind' = 'scheduled'`,
  );
  return rows[0]!.count;
}

/**
 * The newest scheduled backup of a database that nobody has tried to restore and where no other work waits; undefined while
 * another one is being tried.
 */
export async function findBackupToVerify(
  db: Queryable,
): Promise<{ id: BackupId; database_id: DatabaseId } | undefined> {
  const { rows } = await db.query<{ id: BackupId; database_id: DatabaseId }>(
    `select b.id, b.database_id
       from backups b join databases d on d.id = b.database_id
      where b.kind = 'scheduled' and b.status = 'completed' and b.verification is null and d.status = 'ready'
        and not exists (select from backups l
                         where l.database_id = b.database_id and l.kind = 'scheduled' and l.status = 'completed'
                           and l.created_at > b.created_at)
        and not exists (select from operations o
                         where o.status in ('pending', 'running')
                           and (o.database_id = b.database_id or o.kind = 'verify_backup'))
      order by b.created_at limit 1`,
  );
  return rows[0];
}

/** Does other work on the database wait for this operation to end? */
export async function isWaitedFor(
  db: Queryable,
  databaseId: DatabaseId,
  operationId: string,
): Promise<boolean> {
  const { rows } = await db.query<{ waits: boolean }>(
    `select exists (select from operations
                     where database_id = $1 and id <> $2 and status = 'pending' and kind <> 'verify_backup') as waits`,
    [databaseId, operationId],
  );
  return rows[0]!.waits;
}

/** Ids of operations that have not ended, among these. */
export async function listUnfinishedAmong(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    "select id from operations where id = any($1) and status in ('pending', 'running')",
    [ids],
  );
  return rows.map((row) => row.id);
}
