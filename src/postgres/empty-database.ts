/**
 * In charge of emptying a database in place, as far as it is the session's own: the way of a reset that needs no right to
 * drop the database, and that keeps what is set on it. One transaction: all is gone, or nothing.
 */
import type pg from "pg";
import { hasCode, posternError } from "../base/error.ts";

export interface Emptied {
  /** How many things were dropped: schemas, extensions, and what stood in schemas of others. */
  dropped: number;
  /** Tables of other owners, which are left. */
  left: string[];
}

/** Ends the other sessions of the same role. @throws Y6030 Y6031 */
export async function emptyDatabase(
  client: pg.ClientBase,
  { lockTimeoutMs = 10_000 }: { lockTimeoutMs?: number } = {},
): Promise<Emptied> {
  await refuseOwn(client);
  await endOtherSessions(client);
  await client.query("begin");
  try {
    await client.query(`set local search_path = ''; set local lock_timeout = ${lockTimeoutMs}`);
    const { rows } = await client.query<{ statement: string; restores_public: boolean }>(dropsSql);
    const recreate = rows.some((row) => row.restores_public) ? await describePublic(client) : [];
    for (const { statement } of rows) await client.query(statement);
    for (const statement of recreate) await client.query(statement);
    await client.query(largeObjectsSql);
    const left = await client.query<{ name: string }>(leftSql);
    await client.query("commit");
    return { dropped: rows.length, left: left.rows.map(({ name }) => name) };
  } catch (error) {
    await client.query("rollback").catch(() => {});
    if (!hasCode(error, "55P03")) throw error;
    throw posternError("Y6031", "Somebody else holds locks in the database, so it was left as it is.", {
      hint: "Stop what uses it and try again.",
      cause: error,
    });
  }
}

/** A database of Postern's has parts that belong to the platform, and a reset of its own that swaps it whole. */
async function refuseOwn(client: pg.ClientBase): Promise<void> {
  const { rowCount } = await client.query(
    "select from pg_catalog.pg_namespace where nspname = 'postern' and pg_catalog.pg_get_userbyid(nspowner) = 'postern_admin'",
  );
  if (rowCount === 0) return;
  throw posternError("Y6030", "This address leads to one of Postern's own databases.", {
    hint: "Name the database instead of its address: `postern db reset NAME --force`.",
  });
}

async function endOtherSessions(client: pg.ClientBase): Promise<void> {
  await client.query(`
    select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
     where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid() and backend_type = 'client backend'
       and (usename = current_user or (select rolsuper from pg_catalog.pg_roles where rolname = current_user))`);
}

/** What is mine: my own, the database's where I own that, and everything where I am a superuser. */
const mine = (owner: string) => `(
  ${owner} = (select oid from pg_catalog.pg_roles where rolname = current_user)
  or (select rolsuper from pg_catalog.pg_roles where rolname = current_user)
  or (pg_catalog.pg_get_userbyid(${owner}) = 'pg_database_owner'
      and (select pg_catalog.pg_get_userbyid(datdba) = current_user from pg_catalog.pg_database
            where datname = pg_catalog.current_database())))`;

const ofExtension = (catalog: string, oid: string) => `exists (
  select from pg_catalog.pg_depend d
   where d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and d.objid = ${oid} and d.deptype = 'e')`;

const userSchema = (column: string) => `${column} !~ '^pg_' and ${column} <> 'information_schema'`;

/** Schemas first: most of what depends on anything else goes with them. */
const dropsSql = `
  with own_schemas as (
    select oid, nspname from pg_catalog.pg_namespace n
     where ${userSchema("nspname")} and ${mine("nspowner")} and not ${ofExtension("pg_namespace", "n.oid")}
       -- An extension of somebody else's would go with its schema, and might not be ours to make again.
       and not exists (select from pg_catalog.pg_extension e where e.extnamespace = n.oid and not ${mine("e.extowner")})
  ), foreign_schemas as (
    select oid, nspname from pg_catalog.pg_namespace n
     where ${userSchema("nspname")} and not exists (select from own_schemas o where o.oid = n.oid)
  ), drops (rank, statement, restores_public) as (
    select 0, pg_catalog.format('drop event trigger if exists %I', evtname), false
      from pg_catalog.pg_event_trigger e where ${mine("evtowner")} and not ${ofExtension("pg_event_trigger", "e.oid")}
    union all
    select 1, pg_catalog.format('drop publication if exists %I', pubname), false
      from pg_catalog.pg_publication where ${mine("pubowner")}
    union all
    select 2, pg_catalog.format('drop schema if exists %I cascade', nspname), nspname = 'public' from own_schemas
    union all
    select 3, pg_catalog.format('drop %s if exists %I.%I cascade',
             case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
                            when 'S' then 'sequence' else 'table' end, s.nspname, c.relname), false
      from pg_catalog.pg_class c join foreign_schemas s on s.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${mine("c.relowner")} and not ${ofExtension("pg_class", "c.oid")}
       and not exists (select from pg_catalog.pg_depend d
                        where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
                          and d.deptype in ('a', 'i') and c.relkind = 'S')
    union all
    select 4, pg_catalog.format('drop routine if exists %s cascade', p.oid::pg_catalog.regprocedure), false
      from pg_catalog.pg_proc p join foreign_schemas s on s.oid = p.pronamespace
     where ${mine("p.proowner")} and not ${ofExtension("pg_proc", "p.oid")}
    union all
    select 5, pg_catalog.format('drop type if exists %I.%I cascade', s.nspname, t.typname), false
      from pg_catalog.pg_type t join foreign_schemas s on s.oid = t.typnamespace
      left join pg_catalog.pg_class c on c.oid = t.typrelid
     where ${mine("t.typowner")} and not ${ofExtension("pg_type", "t.oid")}
       and (t.typtype in ('d', 'e', 'r') or (t.typtype = 'c' and c.relkind = 'c'))
    union all
    select 6, pg_catalog.format('drop extension if exists %I cascade', extname), false
      from pg_catalog.pg_extension where extname <> 'plpgsql' and ${mine("extowner")}
    union all
    select 7, pg_catalog.format('drop server if exists %I cascade', srvname), false
      from pg_catalog.pg_foreign_server f where ${mine("srvowner")} and not ${ofExtension("pg_foreign_server", "f.oid")}
  )
  select statement, restores_public from drops order by rank, statement`;

const largeObjectsSql = `
  select pg_catalog.lo_unlink(oid) from pg_catalog.pg_largeobject_metadata where ${mine("lomowner")}`;

const leftSql = `
  select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${userSchema("n.nspname")} and not ${ofExtension("pg_class", "c.oid")}
   order by 1`;

/** As a new database of this server's version has it, and owned as before. */
async function describePublic(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ owner: string; version: number }>(`
    select pg_catalog.pg_get_userbyid(nspowner) as owner,
           pg_catalog.current_setting('server_version_num')::int as version
      from pg_catalog.pg_namespace where nspname = 'public'`);
  const { owner, version } = rows[0]!;
  return [
    "create schema public",
    `grant usage${version < 150_000 ? ", create" : ""} on schema public to public`,
    ...(owner === "pg_database_owner" ? ["alter schema public owner to pg_database_owner"] : []),
  ];
}
