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

/** Newest first; `destroyed`: those that can still be brought back. */
export async function listDatabases(
  db: Queryable,
  filter: { accountId: AccountId | null; destroyed: boolean },
): Promise<DatabaseRow[]> {
  const { rows } = await db.query<DatabaseRow>(
    `select * from databases
      where ($1::text is null or account_id = $1)
        and case when $2 then destroyed_at is not null and recoverable_until > now() else destroyed_at is null end
      order by created_at desc, id`,
    [filter.accountId, filter.destroyed],
  );
  return rows;
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

/** Hashes of the tokens that open a database now. */
export async function listTokenHashes(db: Queryable, databaseId: DatabaseId): Promise<Buffer[]> {
  const { rows } = await db.query<{ token_hash: Buffer }>(
    "select token_hash from database_tokens where database_id = $1 and revoked_at is null",
    [databaseId],
  );
  return rows.map((row) => row.token_hash);
}

/** The database that a token opens. */
export async function findDatabaseIdByTokenHash(
  db: Queryable,
  tokenHash: Buffer,
): Promise<DatabaseId | undefined> {
  const { rows } = await db.query<{ database_id: DatabaseId }>(
    "select database_id from database_tokens where token_hash = $1 and revoked_at is null",
    [tokenHash],
  );
  return rows[0]?.database_id;
}
