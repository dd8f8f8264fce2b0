/** In charge of what the rows of databases tell of branches: whose they are, of when, and until when. */
import type { DatabaseId, OperationId } from "../base/id.ts";
import { type DatabaseRow, insertDatabase, type NewDatabase } from "./databases.ts";
import type { Queryable } from "./state.ts";

export type NewBranch = NewDatabase & {
  parent_id: DatabaseId;
  expires_at: Date | null;
  backup_on_expiry: boolean;
  /** Whose tokens a branch takes, once it is open to clients. */
  oidc_issuer: string | null;
  oidc_audience: string | null;
};

/** In a transaction. @throws Postgres 23505 as `insertDatabase` does */
export async function insertBranch(db: Queryable, row: NewBranch): Promise<void> {
  await insertDatabase(db, row);
  await db.query(
    `update databases set parent_id = $2, expires_at = $3, backup_on_expiry = $4, oidc_issuer = $5, oidc_audience = $6
      where id = $1`,
    [row.id, row.parent_id, row.expires_at, row.backup_on_expiry, row.oidc_issuer, row.oidc_audience],
  );
}

/** The data of a branch is its parent's of this moment. */
export async function saveBranchedAt(db: Queryable, id: DatabaseId, at: Date): Promise<void> {
  await db.query("update databases set branched_at = $2 where id = $1", [id, at]);
}

/** Living branches, newest first. */
export async function listBranches(db: Queryable, parentId: DatabaseId): Promise<DatabaseRow[]> {
  const { rows } = await db.query<DatabaseRow>(
    "select * from databases where parent_id = $1 and destroyed_at is null order by created_at desc, id",
    [parentId],
  );
  return rows;
}

/** Living databases that were made of this one's data of a moment, the newest first. */
export async function listRestoredFrom(db: Queryable, sourceId: DatabaseId): Promise<DatabaseRow[]> {
  const { rows } = await db.query<DatabaseRow>(
    "select * from databases where restored_from = $1 and destroyed_at is null order by created_at desc, id",
    [sourceId],
  );
  return rows;
}

/** Living branches of this database and of its branches, the innermost first. */
export async function listDescendants(db: Queryable, id: DatabaseId): Promise<DatabaseRow[]> {
  const { rows } = await db.query<DatabaseRow>(
    `with recursive found as (
       select id, 1 as depth from databases where parent_id = $1 and destroyed_at is null
       union all
       select d.id, f.depth + 1 from databases d join found f on d.parent_id = f.id where d.destroyed_at is null)
     select d.* from found f join databases d on d.id = f.id order by f.depth desc, d.created_at, d.id`,
    [id],
  );
  return rows;
}

/** Branches whose time is over, which can be destroyed and have no branches of their own. */
export async function listExpiredBranches(db: Queryable, now: Date): Promise<DatabaseRow[]> {
  const { rows } = await db.query<DatabaseRow>(
    `select * from databases d
      where expires_at < $1 and destroyed_at is null and status in ('ready', 'paused', 'failed')
        and not exists (select from databases b where b.parent_id = d.id and b.destroyed_at is null)
        and not exists (select from operations o where o.database_id = d.id and o.status in ('pending', 'running'))`,
    [now],
  );
  return rows;
}

/** Ids of work that has not ended and that this database is a part of without being what it is about. */
export async function listWorkWithBranch(db: Queryable, id: DatabaseId): Promise<OperationId[]> {
  const { rows } = await db.query<{ id: OperationId }>(
    "select id from operations where status in ('pending', 'running') and input->>'branch_id' = $1",
    [id],
  );
  return rows.map((row) => row.id);
}

/** Ids of work about this database that has not ended. */
export async function listWorkOn(db: Queryable, id: DatabaseId): Promise<OperationId[]> {
  const { rows } = await db.query<{ id: OperationId }>(
    "select id from operations where status in ('pending', 'running') and database_id = $1",
    [id],
  );
  return rows.map((row) => row.id);
}
