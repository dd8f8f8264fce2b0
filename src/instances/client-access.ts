/**
 * In charge of what client mode needs inside Postgres: two login roles without rights of their own, which may become
 * `authenticated` or `anon` and nothing else, and the function that believes an identity only with a MAC of Postern's.
 */
import { createHmac, randomBytes } from "node:crypto";
import pg from "pg";
import { posternError } from "../base/error.ts";
import { type Secrets, scramVerifier } from "../base/secrets.ts";
import { readSql } from "../postgres/read-sql.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { grantMembership } from "./grant-membership.ts";
import { isSuperuser, takeRole } from "./limited-role.ts";
import type { Platform } from "./platform.ts";
import { limitedSql } from "./registered/limited-sql.ts";
import { ownLoginPassword } from "./registered/relay-plan-of.ts";
import { serverMajor } from "./server-major.ts";
import { withAdmin } from "./with-admin.ts";

const { escapeIdentifier: name, escapeLiteral: text } = pg;

export interface ClientLogins {
  /** May call `auth.attach` and become `authenticated`. */
  authenticated: string;
  /** May become `anon`. */
  anonymous: string;
  /** 32 bytes; what `auth.attach` checks against. */
  macKey: Buffer;
  /** Of the start-up packet: it goes before what a role was led to set for itself by ALTER ROLE. */
  settings: Record<string, string>;
}

type Place = Pick<Platform, "config"> & Partial<Pick<Platform, "gate">>;
type Tenant = Pick<DatabaseRow, "instance_id" | "database_name" | "name">;

export interface PrepareOptions {
  /** Let clients into schema public even where its owner has set who may use it. */
  openPublicSchema?: boolean;
}

/** In memory only: every life of the daemon has its own keys, and two calls for one database the same. */
let lifeKey = randomBytes(32);

/** Control planes that share their tables sign alike: a database believes one key at a time. */
export function signAlike(secrets: Pick<Secrets, "sign">): void {
  lifeKey = Buffer.from(secrets.sign("identities of clients"), "hex");
}

export const macKeyOf = (databaseName: string): Buffer =>
  createHmac("sha256", lifeKey).update(databaseName).digest();

/** Names that no user can choose, as they begin with the database's: see databases/name-rules.ts. */
export const clientRoles = (databaseName: string) => ({
  authenticated: `${databaseName}_authd`,
  anonymous: `${databaseName}_anon`,
});

/** What ties a session to who asks, and the functions by which policies ask. */
export const clientAccessSql = async (isSuper: boolean): Promise<string> =>
  isSuper
    ? `${await readSql("identity")}\n${await readSql("client-access")}`
    : `${await limitedSql("identity")}\n${await limitedSql("client-access")}`;

/** Repeatable, also two at a time. @throws Y3004 when the database has no server yet. */
export async function prepareClientAccess(
  place: Place,
  row: Tenant,
  options: PrepareOptions = {},
): Promise<ClientLogins> {
  if (row.instance_id === null) throw posternError("Y3004", `Database ${row.name} is not ready yet.`);
  const roles = clientRoles(row.database_name);
  const macKey = macKeyOf(row.database_name);
  const settings = await withAdmin(place, row.instance_id, row.database_name, async (client) => {
    const usual = await readUsualSettings(client);
    const isSuper = await isSuperuser(client);
    const sql = await clientAccessSql(isSuper);
    const login = (role: string, group: string) =>
      makeLogin(client, row, {
        role,
        group,
        isSuper,
        password: ownLoginPassword(place, row.instance_id, role),
      });
    await client.query("begin");
    // A tenant's own locks must not hold the daemon up; nothing of the tenant's is looked up by an unqualified name.
    await client.query(`
      set local search_path = pg_catalog, pg_temp;
      set local lock_timeout = '5s';
      set local statement_timeout = '15s'`);
    await client.query("select pg_advisory_xact_lock(hashtext('postern client access'))");
    await login(roles.authenticated, "authenticated");
    await login(roles.anonymous, "anon");
    await client.query(sql);
    await admitToAttach(client, roles.authenticated, isSuper);
    await writeKey(client, macKey);
    await openPublicSchema(client, options.openPublicSchema === true);
    await client.query("commit");
    return { ...usual, ...startupSettings(await serverMajor(client)) };
  });
  return { ...roles, macKey, settings };
}

/**
 * Every setting that a role may change for itself, as the server has it: named in the start-up packet, none of them can be
 * changed for the sessions of others that the same role opens later.
 */
async function readUsualSettings(client: pg.Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; value: string }>(`
    select name, reset_val as value from pg_catalog.pg_settings
     where context = 'user' and name !~ '[.]'
       -- These belong to one transaction.
       and name not in ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')`);
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

interface LoginOptions {
  role: string;
  group: string;
  isSuper: boolean;
  /** On a registered server, where nobody is let in by word alone: Postern's own secret. */
  password: string | undefined;
}

/**
 * Without a password and in no group of the database's name, so pg_hba admits it over the socket only, where Postern
 * alone can be; and with the right to connect to this one database.
 */
async function makeLogin(client: pg.Client, row: Tenant, options: LoginOptions): Promise<void> {
  const { role: login, group, isSuper, password } = options;
  const database = name(row.database_name);
  const role = name(login);
  const verifier = password === undefined ? "null" : text(await scramVerifier(password));
  const limits = Object.entries({ ...limitsOfClients, ...(isSuper && superuserLimits) }).map(
    ([setting, value]) => `alter role ${role} in database ${database} set ${setting} = ${text(value)}`,
  );
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [login]);
  if (rowCount === 0) {
    await client.query(`create role ${role}`);
    if (!isSuper) await takeRole(client, login);
  }
  // A role may always change its own settings and password: what it was led to is taken back.
  await client.query(`
    alter role ${role} with login noinherit nocreatedb nocreaterole
      ${isSuper ? "nosuperuser noreplication nobypassrls" : ""}
      connection limit ${connectionLimit} password ${verifier} valid until 'infinity';
    grant connect on database ${database} to ${role};
    alter role ${role} reset all;
    alter role ${role} in database ${database} reset all;
    ${limits.join(";\n")}`);
  await grantMembership(client, group, login, { inherit: false, set: true });
}

/** Recorded as an initial privilege, it stays out of dumps, which would name a role that exists nowhere else. */
async function admitToAttach(client: pg.Client, login: string, isSuper: boolean): Promise<void> {
  if (!isSuper) {
    await client.query(`grant execute on function auth.attach(text, bigint, text) to ${name(login)}`);
    return;
  }
  await client.query(`
    grant execute on function auth.attach(text, bigint, text) to ${name(login)};
    delete from pg_init_privs
     where classoid = 'pg_proc'::regclass and objoid = 'auth.attach(text, bigint, text)'::regprocedure;
    insert into pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
      select oid, 'pg_proc'::regclass, 0, 'i', proacl from pg_proc
       where oid = 'auth.attach(text, bigint, text)'::regprocedure`);
}

export async function writeKey(client: pg.Client, key: Buffer): Promise<void> {
  const block = Buffer.alloc(64);
  key.copy(block);
  const [inner, outer] = [0x36, 0x5c].map((pad) => Buffer.from(block.map((byte) => byte ^ pad)));
  if (!(await isSuperuser(client))) {
    await writeLimitedKey(client, inner!, outer!);
    return;
  }
  await client.query(
    `insert into pg_postern.mac_key (inner_key, outer_key) values ($1, $2)
       on conflict (single) do update set inner_key = excluded.inner_key, outer_key = excluded.outer_key
       where (mac_key.inner_key, mac_key.outer_key) is distinct from (excluded.inner_key, excluded.outer_key)`,
    [inner, outer],
  );
}

/** What a materialized view holds is read from settings of this transaction, and is in no dump. */
async function writeLimitedKey(client: pg.Client, inner: Buffer, outer: Buffer): Promise<void> {
  const { rows } = await client.query<{ is: boolean }>(
    "select inner_key is not distinct from $1 and outer_key is not distinct from $2 as is from postern.mac_key",
    [inner, outer],
  );
  if (rows[0]?.is === true) return;
  await client.query(
    `select set_config('postern.inner_key', $1, true), set_config('postern.outer_key', $2, true)`,
    [inner.toString("hex"), outer.toString("hex")],
  );
  await client.query("refresh materialized view postern.mac_key");
}

/**
 * After `DROP SCHEMA public CASCADE; CREATE SCHEMA public` clients would find no table at all. A schema in which the owner
 * has granted or revoked anything since stays as it is, unless the owner asks for client access once more.
 */
async function openPublicSchema(client: pg.Client, evenIfSet: boolean): Promise<void> {
  const { rowCount } = await client.query(
    "select from pg_namespace where nspname = 'public' and (nspacl is null or $1)",
    [evenIfSet],
  );
  if (rowCount === 1) await client.query("grant usage on schema public to anon, authenticated");
}

/** For all processes of the data plane together, with room for one that takes another's place. */
const connectionLimit = 32;

/** Any role may set these for itself, so they count in the start-up packet. */
const limitsOfClients = {
  statement_timeout: "5s",
  lock_timeout: "3s",
  idle_in_transaction_session_timeout: "10s",
  work_mem: "8MB",
  max_parallel_workers_per_gather: "0",
  jit: "off",
  client_connection_check_interval: "1s",
};

/** Only a superuser may set these, and they hold by being set on the role. */
const superuserLimits = {
  temp_file_limit: "256MB",
  // Nobody reads what another user's statement was.
  track_activities: "off",
  log_min_error_statement: "panic",
};

function startupSettings(major: number): Record<string, string> {
  return {
    ...limitsOfClients,
    ...(major >= 17 ? { transaction_timeout: "15s" } : {}),
    idle_session_timeout: "0",
    temp_buffers: "8MB",
    hash_mem_multiplier: "2",
    // What would make the next user's session another one than this user's.
    role: "none",
    search_path: "public",
    row_security: "on",
    default_transaction_read_only: "off",
    default_transaction_isolation: "read committed",
    default_transaction_deferrable: "off",
    local_preload_libraries: "",
    standard_conforming_strings: "on",
    backslash_quote: "safe_encoding",
    transform_null_equals: "off",
    array_nulls: "on",
    xmlbinary: "base64",
    client_min_messages: "notice",
    TimeZone: "UTC",
  };
}
