/** In charge of what can be taken over into a database: its extensions, roles and schemas, and what is in it already. */
import type pg from "pg";

export interface TargetFacts {
  /** Of the server, for example 17. */
  major: number;
  superuser: boolean;
  /** Extensions that are there, or that this role may make. */
  extensions: ReadonlySet<string>;
  /** Extensions that the server has and only a superuser may make. */
  untrusted: ReadonlySet<string>;
  roles: ReadonlySet<string>;
  schemas: ReadonlySet<string>;
  /** Schemas of the platform, which are not the user's to fill. */
  reserved: ReadonlySet<string>;
  settings: ReadonlySet<string>;
  /** Names of what is in it. */
  content: string[];
}

export async function readTargetFacts(client: pg.ClientBase): Promise<TargetFacts> {
  const { rows } = await client.query<{
    major: number;
    superuser: boolean;
    extensions: string[];
    untrusted: string[];
    roles: string[];
    schemas: string[];
    reserved: string[];
    settings: string[];
    content: string[];
  }>(`
    with me as (select rolsuper from pg_catalog.pg_roles where rolname = current_user),
         available as (
           select e.name, e.installed_version is not null or me.rolsuper or v.trusted or not v.superuser as usable
             from me, pg_catalog.pg_available_extensions e
             join pg_catalog.pg_available_extension_versions v on v.name = e.name and v.version = e.default_version)
    select pg_catalog.current_setting('server_version_num')::int / 10000 as major,
           (select rolsuper from me) as superuser,
           array(select name::text from available where usable) as extensions,
           array(select name::text from available where not usable) as untrusted,
           array(select rolname::text from pg_catalog.pg_roles) as roles,
           array(select nspname::text from pg_catalog.pg_namespace) as schemas,
           array(select nspname::text from pg_catalog.pg_namespace
                  where pg_catalog.pg_get_userbyid(nspowner) = 'postern_admin' and nspname !~ '^pg_'
                    and nspname <> 'information_schema') as reserved,
           array(select name::text from pg_catalog.pg_settings) as settings,
           array(${contentSql}) as content`);
  const row = rows[0]!;
  return {
    major: row.major,
    superuser: row.superuser,
    extensions: new Set(row.extensions),
    untrusted: new Set(row.untrusted),
    roles: new Set([...row.roles, "public", "current_user", "session_user"]),
    schemas: new Set(row.schemas),
    reserved: new Set(row.reserved),
    settings: new Set(row.settings),
    content: row.content,
  };
}

/** Tables, views, sequences, functions and types of the user's; not what the platform or an extension made. */
const contentSql = `
  select pg_catalog.format('%I.%I', n.nspname, o.name)
    from (select relnamespace, relname, oid, 'pg_catalog.pg_class'::pg_catalog.regclass from pg_catalog.pg_class where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
          union all
          select pronamespace, proname, oid, 'pg_catalog.pg_proc'::pg_catalog.regclass from pg_catalog.pg_proc
          union all
          select typnamespace, typname, oid, 'pg_catalog.pg_type'::pg_catalog.regclass from pg_catalog.pg_type where typtype in ('e', 'd')
         ) o (namespace, name, oid, class)
    join pg_catalog.pg_namespace n on n.oid = o.namespace
   where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and pg_catalog.pg_get_userbyid(n.nspowner) <> 'postern_admin'
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = o.class and d.objid = o.oid and d.deptype = 'e')
   order by 1`;
