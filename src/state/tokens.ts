/** In charge of the rows of the tokens that open a database. */
import type { TokenScope } from "@postern/sdk/protocol";
import type { DatabaseId, TokenId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export interface TokenRow {
  id: TokenId;
  label: string;
  scope: TokenScope;
  /** Null: it is for all of the database. */
  tenant: string | null;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

/** What a caller's token is held against. */
export interface KnownToken {
  id: TokenId;
  hash: Buffer;
  readOnly: boolean;
  tenant: string | null;
  /** Milliseconds since 1970; null: it does not expire. */
  expiresAtMs: number | null;
}

const shown = "id, label, scope, tenant, created_at, expires_at, last_used_at, revoked_at";

export async function insertScopedToken(
  db: Queryable,
  token: Pick<TokenRow, "id" | "label" | "scope" | "tenant" | "expires_at"> & {
    databaseId: DatabaseId;
    hash: Buffer;
  },
): Promise<TokenRow> {
  const { rows } = await db.query<TokenRow>(
    `insert into database_tokens (id, database_id, token_hash, label, scope, tenant, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${shown}`,
    [token.id, token.databaseId, token.hash, token.label, token.scope, token.tenant, token.expires_at],
  );
  return rows[0]!;
}

/** Those that were not revoked, expired ones too; the newest first. */
export async function listTokens(db: Queryable, databaseId: DatabaseId): Promise<TokenRow[]> {
  const { rows } = await db.query<TokenRow>(
    `select ${shown} from database_tokens where database_id = $1 and revoked_at is null
      order by created_at desc, id`,
    [databaseId],
  );
  return rows;
}

/** By id, or by label; of several with one label all. */
export async function findTokens(db: Queryable, databaseId: DatabaseId, ref: string): Promise<TokenRow[]> {
  const { rows } = await db.query<TokenRow>(
    `select ${shown} from database_tokens
      where database_id = $1 and (id = $2 or label = $2) and revoked_at is null order by created_at desc, id`,
    [databaseId, ref],
  );
  return rows;
}

export async function revokeToken(db: Queryable, id: TokenId): Promise<TokenRow | undefined> {
  const { rows } = await db.query<TokenRow>(
    `update database_tokens set revoked_at = now() where id = $1 and revoked_at is null returning ${shown}`,
    [id],
  );
  return rows[0];
}

/** Those that open the database, or did until they expired. */
export async function listKnownTokens(db: Queryable, databaseId: DatabaseId): Promise<KnownToken[]> {
  const { rows } = await db.query<
    Pick<TokenRow, "id" | "scope" | "tenant" | "expires_at"> & { token_hash: Buffer }
  >(
    `select id, token_hash, scope, tenant, expires_at from database_tokens
      where database_id = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
    [databaseId],
  );
  return rows.map(({ id, token_hash, scope, tenant, expires_at }) => ({
    id,
    hash: token_hash,
    readOnly: scope === "read_only",
    tenant,
    expiresAtMs: expires_at?.getTime() ?? null,
  }));
}

/** The database that a token opens now, and how far. */
export async function findTokenByHash(
  db: Queryable,
  hash: Buffer,
): Promise<{ id: TokenId; databaseId: DatabaseId; readOnly: boolean; tenant: string | null } | undefined> {
  type Found = Pick<TokenRow, "id" | "scope" | "tenant"> & { database_id: DatabaseId };
  const { rows } = await db.query<Found>(
    `select id, database_id, scope, tenant from database_tokens
      where token_hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
    [hash],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { id, database_id: databaseId, scope, tenant } = row;
  return { id, databaseId, readOnly: scope === "read_only", tenant };
}

/** Written at most about once a minute, however many processes tell of it. */
export async function noteTokenUse(db: Queryable, id: TokenId): Promise<void> {
  await db.query(
    `update database_tokens set last_used_at = now()
      where id = $1 and (last_used_at is null or last_used_at < now() - interval '55 seconds')`,
    [id],
  );
}

/** What nobody can use any more is forgotten after a while. */
export async function deleteForgottenTokens(db: Queryable): Promise<void> {
  await db.query(
    "delete from database_tokens where least(revoked_at, expires_at) < now() - interval '30 days'",
  );
}
