/** In charge of the rows of databases and of the tokens that open them. */
import type { DatabaseClass, DatabaseStatus, Isolation } from "@postern/sdk/protocol";
import { type AccountId, type DatabaseId, type InstanceId, newTokenId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export interface DatabaseRow {
  id: DatabaseId;
  name: string;
  account_id: AccountId;
  class: DatabaseClass;
  isolation: Isolation;
  instance_id: InstanceId | "shared" | null;
  database_name: string;
  role_name: string;
  password_sealed: Buffer;
  scram_verifier: string;
  status: DatabaseStatus;
  /** bigint: text, as `pg` gives it. */
  size_bytes: string | null;
  storage_limit_bytes: string | null;
  connection_limit: number;
  created_at: Date;
  destroyed_at: Date | null;
  recoverable_until: Date | null;
  client_access: boolean;
  /** Null: the server's. */
  oidc_issuer: string | null;
  oidc_audience: string | null;
  /** Null: it is no branch, or what it was a branch of is forgotten. */
  parent_id: DatabaseId | null;
  /** Of which moment of its parent a branch's data is. */
  branched_at: Date | null;
  /** When a branch destroys itself. */
  expires_at: Date | null;
  backup_on_expiry: boolean;
  /** The database that this one was restored from, and the moment it was restored to. */
  restored_from: DatabaseId | null;
  restored_to: Date | null;
  /** The registered instance that it was placed on last, which may be gone. */
  placed_on: InstanceId | null;
  /** Since when it is on the server that it is on; null: from its beginning. */
  placed_at: Date | null;
  /** Null: awake. */
  paused_at: Date | null;
  /** Sleeps after so long without a statement; 0: never; null: as the operator has set it. */
  pause_after_seconds: number | null;
}

export type NewDatabase = Pick<
  DatabaseRow,
  | "id"
  | "name"
  | "account_id"
  | "class"
  | "isolation"
  | "database_name"
  | "role_name"
  | "password_sealed"
  | "scram_verifier"
  | "connection_limit"
> & { storage_limit_bytes: number | null };

/** @throws Postgres 23505 on `databases_name_of_account` or `databases_role_name_key` when a name is taken. */
export async function insertDatabase(db: Queryable, row: NewDatabase): Promise<void> {
  await db.query(
    `insert into databases (id, name, account_id, class, isolation, database_name, role_name, password_sealed, scram_verifier,
                            connection_limit, storage_limit_bytes, status)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'creating')`,
    [
      row.id,
      row.name,
      row.account_id,
      row.class,
      row.isolation,
      row.database_name,
      row.role_name,
      row.password_sealed,
      row.scram_verifier,
      row.connection_limit,
      row.storage_limit_bytes,
    ],
  );
}

export async function findDatabaseById(db: Queryable, id: DatabaseId): Promise<DatabaseRow | undefined> {
  const { rows } = await db.query<DatabaseRow>("select * from databases where id = $1", [id]);
  return rows[0];
}

/** The living ones of an instance, with what a look at what they do needs. */
export async function listSampledDatabases(
  db: Queryable,
  instanceId: string,
): Promise<Pick<DatabaseRow, "id" | "database_name" | "size_bytes" | "isolation">[]> {
  const { rows } = await db.query<DatabaseRow>(
    "select id, database_name, size_bytes, isolation from databases where instance_id = $1 and destroyed_at is null",
    [instanceId],
  );
  return rows;
}

/**
 * By id or by name, newest first: names are unique among the living of one account only. `accountId` null: any account.
 */
export async function findDatabases(
  db: Queryable,
  filter: { ref: string; accountId: AccountId | null; destroyed: boolean },
): Promise<DatabaseRow[]> {
  const { rows } = await db.query<DatabaseRow>(
    `select * from databases
      where (id = $1 or name = $1) and ($2::text is null or account_id = $2) and (destroyed_at is not null) = $3
      order by created_at desc, id`,
    [filter.ref, filter.accountId, filter.destroyed],
  );
  return rows;
}

export interface DatabaseRowWithFacts extends DatabaseRow {
  owner: string;
  last_backup_at: Date | null;
  instance_version: string | null;
}

/** Which databases a list is of. */
export interface DatabaseFilter {
  /** Null: everybody's. */
  accountId: AccountId | null;
  /** Those that can still be brought back, instead of the living. */
  destroyed: boolean;
  /** A part of the name or the owner's, or the id. */
  search?: string | undefined;
  limit?: number | undefined;
  offset?: number | undefined;
}

/** Newest first; of a part of a list `total` says how many there are. One query, with what a list shows beside the row. */
export async function listDatabasesWithFacts(
  db: Queryable,
  filter: DatabaseFilter,
): Promise<(DatabaseRowWithFacts & { total: number })[]> {
  const { rows } = await db.query<DatabaseRowWithFacts & { total: number }>(
    `select d.*, count(*) over ()::int as total, a.username as owner, i.version as instance_version,
            (select max(b.created_at) from backups b where b.database_id = d.id and b.status = 'completed') as last_backup_at
       from databases d
       join accounts a on a.id = d.account_id
       left join instances i on i.id = d.instance_id
      where ($1::text is null or d.account_id = $1)
        and case when $2 then d.destroyed_at is not null and d.recoverable_until > now() else d.destroyed_at is null end
        and ($3 = '' or strpos(d.name, $3) > 0 or strpos(a.username, $3) > 0 or strpos(d.id, $3) = 1)
      order by d.created_at desc, d.id limit $4 offset $5`,
    [
      filter.accountId,
      filter.destroyed,
      filter.search?.toLowerCase() ?? "",
      filter.limit ?? null,
      filter.offset ?? 0,
    ],
  );
  return rows;
}

/** Living databases that hold more than their class is meant for, as last measured. */
export async function listTooLarge(
  db: Queryable,
): Promise<Pick<DatabaseRow, "name" | "size_bytes" | "storage_limit_bytes">[]> {
  const { rows } = await db.query<Pick<DatabaseRow, "name" | "size_bytes" | "storage_limit_bytes">>(
    `select name, size_bytes, storage_limit_bytes from databases
      where destroyed_at is null and size_bytes > storage_limit_bytes order by size_bytes desc limit 20`,
  );
  return rows;
}

/** How many live, and how many of those are ready. */
export async function countDatabases(db: Queryable): Promise<{ total: number; ready: number }> {
  const { rows } = await db.query<{ total: number; ready: number }>(
    `select count(*)::int as total, count(*) filter (where status = 'ready')::int as ready
       from databases where destroyed_at is null`,
  );
  return rows[0]!;
}

/** Changes the columns given and no others; names of columns come from this code, never from a request. */
export async function updateDatabase(
  db: Queryable,
  id: DatabaseId,
  changes: Partial<
    Pick<
      DatabaseRow,
      | "status"
      | "instance_id"
      | "destroyed_at"
      | "recoverable_until"
      | "name"
      | "size_bytes"
      | "database_name"
      | "client_access"
      | "oidc_issuer"
      | "oidc_audience"
      | "restored_from"
      | "restored_to"
      | "class"
      | "isolation"
      | "connection_limit"
      | "storage_limit_bytes"
      | "paused_at"
      | "pause_after_seconds"
      | "placed_at"
      | "placed_on"
    >
  >,
): Promise<void> {
  const columns = Object.keys(changes);
  const assignments = columns.map((column, index) => `${column} = $${index + 2}`);
  await db.query(`update databases set ${assignments.join(", ")} where id = $1`, [
    id,
    ...Object.values(changes),
  ]);
}

export async function deleteDatabaseRow(db: Queryable, id: DatabaseId): Promise<void> {
  await db.query("delete from databases where id = $1", [id]);
}

export async function insertToken(
  db: Queryable,
  databaseId: DatabaseId,
  tokenHash: Buffer,
  label: string,
): Promise<void> {
  await db.query("insert into database_tokens (id, database_id, token_hash, label) values ($1, $2, $3, $4)", [
    newTokenId(),
    databaseId,
    tokenHash,
    label,
  ]);
}

/** Living databases that are not on the shared instance. */
export async function listOwnInstanceDatabases(
  db: Queryable,
): Promise<Pick<DatabaseRow, "database_name" | "instance_id">[]> {
  const { rows } = await db.query<Pick<DatabaseRow, "database_name" | "instance_id">>(
    "select database_name, instance_id from databases where instance_id <> 'shared' and destroyed_at is null",
  );
  return rows;
}

/** Living databases of one server. */
export async function listDatabasesOfInstance(db: Queryable, instanceId: string): Promise<DatabaseRow[]> {
  const { rows } = await db.query<DatabaseRow>(
    "select * from databases where instance_id = $1 and destroyed_at is null order by created_at, id",
    [instanceId],
  );
  return rows;
}

/** Sizes as the servers tell them, by the databases' names inside Postgres. */
export async function saveDatabaseSizes(
  db: Queryable,
  sizes: readonly { name: string; size: string }[],
): Promise<void> {
  await db.query(
    `update databases d set size_bytes = s.size
       from unnest($1::text[], $2::bigint[]) as s(name, size)
      where d.database_name = s.name and d.size_bytes is distinct from s.size`,
    [sizes.map((entry) => entry.name), sizes.map((entry) => entry.size)],
  );
}

/** Rows of databases that are destroyed, cannot be brought back and have no backup left. */
export async function deleteForgottenDatabases(db: Queryable, now: Date): Promise<void> {
  await db.query(
    `delete from databases d
      where d.status = 'destroyed' and coalesce(d.recoverable_until, d.destroyed_at) < $1
        and not exists (select from backups b where b.database_id = d.id)`,
    [now],
  );
}
