/** In charge of what Postern's own tables hold of a database's credentials, and of replacing them. */
import type { DatabaseId, TokenId } from "../base/id.ts";
import type { DatabaseRow } from "./databases.ts";
import type { Queryable } from "./state.ts";
import { listTokens, type TokenRow } from "./tokens.ts";

/** What the pooler checks from now on. */
export async function savePassword(
  db: Queryable,
  id: DatabaseId,
  password: Pick<DatabaseRow, "password_sealed" | "scram_verifier">,
): Promise<void> {
  await db.query("update databases set password_sealed = $2, scram_verifier = $3 where id = $1", [
    id,
    password.password_sealed,
    password.scram_verifier,
  ]);
}

/** Unless it was replaced meanwhile, or is about to be. Resolves with the verifier that counts then. */
export async function noteVerifier(
  db: Queryable,
  id: DatabaseId,
  { known, seen }: { known: string; seen: string },
): Promise<string> {
  await db.query("select pool.note_verifier($1, $2, $3)", [id, known, seen]);
  const { rows } = await db.query<Pick<DatabaseRow, "scram_verifier">>(
    "select scram_verifier from databases where id = $1",
    [id],
  );
  return rows[0]?.scram_verifier ?? known;
}

export async function noteRotation(
  db: Queryable,
  id: DatabaseId,
  at: { rotatedAt: Date; endAt: Date },
): Promise<void> {
  await db.query("update databases set credentials_rotated_at = $2, old_sessions_end_at = $3 where id = $1", [
    id,
    at.rotatedAt,
    at.endAt,
  ]);
}

/** Lets tokens end at this time, if they do not end earlier; `isEnding` chooses them. Returns them as they are then. */
export async function endTokens(
  db: Queryable,
  id: DatabaseId,
  endAt: Date,
  isEnding: (token: TokenRow) => boolean,
): Promise<{ ending: TokenRow[]; staying: TokenRow[] }> {
  const tokens = await listTokens(db, id);
  const ids = tokens.filter(isEnding).map((token): TokenId => token.id);
  await db.query(
    "update database_tokens set expires_at = least(expires_at, $2::timestamptz) where id = any($1)",
    [ids, endAt],
  );
  const now = await listTokens(db, id);
  return {
    ending: now.filter((token) => ids.includes(token.id)),
    staying: now.filter((token) => !ids.includes(token.id)),
  };
}

export type RotatedDatabase = Pick<DatabaseRow, "id" | "role_name" | "database_name" | "instance_id"> & {
  credentials_rotated_at: Date;
};

/** Those whose connections from before the rotation are to end now. */
export async function listDueRotations(db: Queryable): Promise<RotatedDatabase[]> {
  const { rows } = await db.query<RotatedDatabase>(
    `select id, role_name, database_name, instance_id, credentials_rotated_at from databases
      where old_sessions_end_at <= now() and destroyed_at is null and instance_id is not null and status = 'ready'`,
  );
  return rows;
}

/** The connections have ended; a rotation that came meanwhile keeps its own time. */
export async function closeRotation(db: Queryable, row: RotatedDatabase): Promise<void> {
  await db.query(
    "update databases set old_sessions_end_at = null where id = $1 and credentials_rotated_at = $2",
    [row.id, row.credentials_rotated_at],
  );
}
