/** In charge of the rows of accounts and of the API keys that speak for them. */
import { type AccountId, type KeyId, newKeyId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export interface AccountRow {
  id: AccountId;
  username: string;
  password_hash: string | null;
  role: "admin" | "member";
  created_at: Date;
}

/** @throws Postgres 23505 when the username is taken. */
export async function insertAccount(
  db: Queryable,
  account: Omit<AccountRow, "created_at">,
): Promise<AccountRow> {
  const { rows } = await db.query<AccountRow>(
    "insert into accounts (id, username, password_hash, role) values ($1, $2, $3, $4) returning *",
    [account.id, account.username, account.password_hash, account.role],
  );
  return rows[0]!;
}

export async function findAccountByUsername(
  db: Queryable,
  username: string,
): Promise<AccountRow | undefined> {
  const { rows } = await db.query<AccountRow>("select * from accounts where username = $1", [username]);
  return rows[0];
}

export async function findAccountById(db: Queryable, id: AccountId): Promise<AccountRow | undefined> {
  const { rows } = await db.query<AccountRow>("select * from accounts where id = $1", [id]);
  return rows[0];
}

export async function insertKey(
  db: Queryable,
  accountId: AccountId,
  keyHash: Buffer,
  label: string,
): Promise<KeyId> {
  const id = newKeyId();
  await db.query("insert into api_keys (id, account_id, key_hash, label) values ($1, $2, $3, $4)", [
    id,
    accountId,
    keyHash,
    label,
  ]);
  return id;
}

/**
 * The account that a key speaks for, unless the key was revoked. That it was used is written down once a minute: a
 * read must not cost a write.
 */
export async function findAccountByKeyHash(
  db: Queryable,
  keyHash: Buffer,
): Promise<(AccountRow & { key_id: KeyId }) | undefined> {
  const { rows } = await db.query<AccountRow & { key_id: KeyId }>(
    `with key as (
       select id, account_id, last_used_at from api_keys where key_hash = $1 and revoked_at is null
     ), used as (
       update api_keys k set last_used_at = now() from key
        where k.id = key.id and (key.last_used_at is null or key.last_used_at < now() - interval '1 minute')
     )
     select a.*, key.id as key_id from key join accounts a on a.id = key.account_id`,
    [keyHash],
  );
  return rows[0];
}

export async function revokeKey(db: Queryable, id: KeyId): Promise<void> {
  await db.query("update api_keys set revoked_at = now() where id = $1 and revoked_at is null", [id]);
}
