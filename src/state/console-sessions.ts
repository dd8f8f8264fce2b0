/** In charge of the rows of the console's sessions, and of the links that sign in once. */
import type { AccountId, ConsoleSessionId, KeyId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export type SignInWay = "key" | "password" | "link";

export interface ConsoleSessionRow {
  id: ConsoleSessionId;
  key_id: KeyId;
  account_id: AccountId;
  username: string;
  role: "admin" | "member";
  account_created_at: Date;
  signed_in_by: SignInWay;
  address: string;
  browser: string;
  created_at: Date;
  last_seen_at: Date;
  expires_at: Date;
  unlocked_until: Date | null;
}

export interface NewConsoleSession {
  id: ConsoleSessionId;
  keyId: KeyId;
  ownsKey: boolean;
  secretHash: Buffer;
  way: SignInWay;
  address: string;
  browser: string;
  lifeSeconds: number;
}

const shown = `s.id, s.key_id, k.account_id, a.username, a.role, a.created_at as account_created_at, s.signed_in_by, s.address, s.browser,
  s.created_at, s.last_seen_at, s.expires_at, case when s.unlocked_until > now() then s.unlocked_until end as unlocked_until`;
const joined = "console_sessions s join api_keys k on k.id = s.key_id join accounts a on a.id = k.account_id";
/** Neither ended nor left alone for too long, and its key still counts. */
const alive = (idleSeconds: string) => `s.ended_at is null and s.expires_at > now() and k.revoked_at is null
  and s.last_seen_at > now() - make_interval(secs => ${idleSeconds})`;

export async function insertConsoleSession(db: Queryable, session: NewConsoleSession): Promise<void> {
  await db.query(
    `insert into console_sessions (id, key_id, owns_key, secret_hash, signed_in_by, address, browser, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8))`,
    [
      session.id,
      session.keyId,
      session.ownsKey,
      session.secretHash,
      session.way,
      session.address,
      session.browser,
      session.lifeSeconds,
    ],
  );
}

/** That it was seen is written down once a minute: a read must not cost a write. */
export async function findConsoleSession(
  db: Queryable,
  secretHash: Buffer,
  idleSeconds: number,
): Promise<ConsoleSessionRow | undefined> {
  const { rows } = await db.query<ConsoleSessionRow>(
    `with found as (select ${shown} from ${joined} where s.secret_hash = $1 and ${alive("$2")}),
          seen as (update console_sessions s set last_seen_at = now() from found
                    where s.id = found.id and found.last_seen_at < now() - interval '1 minute')
     select * from found`,
    [secretHash, idleSeconds],
  );
  return rows[0];
}

/** Those that are alive, the one seen last first. */
export async function listConsoleSessions(
  db: Queryable,
  accountId: AccountId,
  idleSeconds: number,
): Promise<ConsoleSessionRow[]> {
  const { rows } = await db.query<ConsoleSessionRow>(
    `select ${shown} from ${joined} where k.account_id = $1 and ${alive("$2")} order by s.last_seen_at desc, s.id`,
    [accountId, idleSeconds],
  );
  return rows;
}

/** Null: locked from now on. */
export async function setUnlocked(
  db: Queryable,
  id: ConsoleSessionId,
  seconds: number | null,
): Promise<Date | null> {
  const { rows } = await db.query<{ unlocked_until: Date | null }>(
    `update console_sessions set unlocked_until = case when $2::float8 is not null
       then least(expires_at, now() + make_interval(secs => $2)) end
      where id = $1 returning unlocked_until`,
    [id, seconds],
  );
  return rows[0]?.unlocked_until ?? null;
}

/** With the key that was made for it. False: the account has no such session. */
export async function endConsoleSession(db: Queryable, accountId: AccountId, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `with ended as (
       update console_sessions s set ended_at = now() from api_keys k
        where s.id = $2 and k.id = s.key_id and k.account_id = $1 and s.ended_at is null
        returning s.key_id, s.owns_key
     ), revoked as (
       update api_keys k set revoked_at = now() from ended e where e.owns_key and k.id = e.key_id and k.revoked_at is null
     )
     select 1 from ended`,
    [accountId, id],
  );
  return (rowCount ?? 0) > 0;
}

/** What nobody can use any more, and the keys that were made for it. */
export async function forgetConsoleSessions(db: Queryable, idleSeconds: number): Promise<void> {
  await db.query(
    `with gone as (
       delete from console_sessions where ended_at is not null or expires_at < now()
          or last_seen_at < now() - make_interval(secs => $1) returning key_id, owns_key
     )
     update api_keys k set revoked_at = now() from gone g where g.owns_key and k.id = g.key_id and k.revoked_at is null`,
    [idleSeconds],
  );
  await db.query("delete from console_links where expires_at < now()");
}

export async function insertConsoleLink(
  db: Queryable,
  link: { tokenHash: Buffer; keyId: KeyId; lifeSeconds: number },
): Promise<Date> {
  const { rows } = await db.query<{ expires_at: Date }>(
    `insert into console_links (token_hash, key_id, expires_at) values ($1, $2, now() + make_interval(secs => $3))
     returning expires_at`,
    [link.tokenHash, link.keyId, link.lifeSeconds],
  );
  return rows[0]!.expires_at;
}

/** The key whose link it is; the same link opens nothing afterwards. */
export async function useConsoleLink(db: Queryable, tokenHash: Buffer): Promise<KeyId | undefined> {
  const { rows } = await db.query<{ key_id: KeyId }>(
    `update console_links l set used_at = now() from api_keys k
      where l.token_hash = $1 and l.used_at is null and l.expires_at > now() and k.id = l.key_id and k.revoked_at is null
      returning l.key_id`,
    [tokenHash],
  );
  return rows[0]?.key_id;
}
