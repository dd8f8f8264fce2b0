/** In charge of reading from the catalog what row security consists of: relations, policies, privileges, functions. */
import type pg from "pg";
import type { ClientRole } from "./finding.ts";

export interface ColumnFacts {
  name: string;
  type: string;
  has_default: boolean;
}

export interface PrivilegeFacts {
  /** In small letters: select, insert, update, delete, truncate. */
  privilege: string;
  /** Those it is limited to; null for the whole table. */
  columns: string[] | null;
}

export interface PolicyFacts {
  name: string;
  command: "all" | "select" | "insert" | "update" | "delete";
  permissive: boolean;
  /** Names of roles; `public` for everyone. */
  roles: string[];
  applies_to: ClientRole[];
  using: string | null;
  with_check: string | null;
}

export interface RelationFacts {
  oid: number;
  schema: string;
  name: string;
  /** r table, p partitioned table, v view, m materialized view, f foreign table. */
  kind: "r" | "p" | "v" | "m" | "f";
  row_security: boolean;
  forced: boolean;
  security_invoker: boolean;
  is_partition: boolean;
  /** May the current role alter it? */
  alterable: boolean;
  columns: ColumnFacts[];
  primary_key: string[];
  /** Columns that an index over all rows begins with. */
  indexed_columns: string[];
  /** What clients may do, where they may use the schema at all. */
  privileges: Record<ClientRole, PrivilegeFacts[]>;
  policies: PolicyFacts[];
  /** Of serial columns; identity columns need no privilege. */
  sequences: { schema: string; name: string; column: string; usable_by: ClientRole[] }[];
  /** What a view reads, views in between not followed. */
  reads: number[];
}

export interface FunctionFacts {
  schema: string;
  name: string;
  /** procedure or function, as ALTER names it. */
  kind: "function" | "procedure";
  identity_arguments: string;
  has_search_path: boolean;
  returns_trigger: boolean;
  /** Clients that may run it and use its schema. */
  callable_by: ClientRole[];
}

export interface RowSecurityCatalog {
  server_version: number;
  /** Return type of auth.uid(); null where there is none. */
  uid_type: string | null;
  /** Is there an auth.tenant_id()? */
  knows_tenants: boolean;
  /** Of those that policies for groups ask. */
  scaffold_functions: number;
  roles: { name: ClientRole; exists: boolean; bypasses: boolean }[];
  relations: RelationFacts[];
  definer_functions: FunctionFacts[];
}

/** A role that is missing has what PUBLIC has, which it will have when somebody makes it. */
const rolesSql = `
  select name, case when to_regrole(name) is null then 'public' else name end as grantee, to_regrole(name)::oid as oid
    from unnest(array['anon', 'authenticated']) as name`;

/** Schemas of users, whatever an extension owns left out. */
const isUsers = (schema: string, catalog: string, object: string) => `
  ${schema}.nspname !~ '^pg_' and ${schema}.nspname not in ('information_schema', 'postern', 'auth')
  and not exists (select from pg_depend e
                   where e.classid = '${catalog}'::regclass and e.objid = ${object} and e.deptype = 'e')`;

const relationsSql = `
with roles as (${rolesSql})
select c.oid::int8::text::json as oid, n.nspname as schema, c.relname as name, c.relkind::text as kind,
       c.relrowsecurity as row_security, c.relforcerowsecurity as forced,
       coalesce((select o.option_value::boolean from pg_options_to_table(c.reloptions) o
                  where o.option_name = 'security_invoker'), false) as security_invoker,
       c.relispartition as is_partition, pg_has_role(c.relowner, 'usage') as alterable,
       (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, null),
                                                   'has_default', a.atthasdef) order by a.attnum), '[]')
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select coalesce(json_agg(a.attname order by array_position(i.indkey::int2[], a.attnum)), '[]')
          from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey::int2[])
         where i.indrelid = c.oid and i.indisprimary) as primary_key,
       (select coalesce(json_agg(distinct a.attname), '[]')
          from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
         where i.indrelid = c.oid and i.indisvalid and i.indpred is null) as indexed_columns,
       (select json_object_agg(r.name, coalesce(held.list, '[]'))
          from roles r cross join lateral (
            select json_agg(json_build_object('privilege', lower(p.name), 'columns', p.columns) order by p.at) as list
              from (select kind.name, kind.at,
                           case when not has_table_privilege(r.grantee, c.oid, kind.name) then
                             (select json_agg(a.attname order by a.attnum) from pg_attribute a
                               where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                                 and kind.name in ('SELECT', 'INSERT', 'UPDATE')
                                 and has_column_privilege(r.grantee, c.oid, a.attnum, kind.name)) end as columns,
                           has_table_privilege(r.grantee, c.oid, kind.name) as whole
                      from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'])
                           with ordinality as kind (name, at)) p
             where has_schema_privilege(r.grantee, n.oid, 'usage') and (p.whole or p.columns is not null)) held
       ) as privileges,
       (select coalesce(json_agg(json_build_object(
                 'name', p.polname, 'permissive', p.polpermissive,
                 'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                                          when 'd' then 'delete' else 'all' end,
                 'roles', (select json_agg(case when member = 0 then 'public' else pg_get_userbyid(member)::text end)
                             from unnest(p.polroles) as member),
                 'applies_to', (select coalesce(json_agg(r.name), '[]') from roles r
                                 where exists (select from unnest(p.polroles) as member
                                                where member = 0
                                                   or case when r.oid is not null
                                                           then pg_has_role(r.oid, member, 'usage') end)),
                 'using', pg_get_expr(p.polqual, p.polrelid),
                 'with_check', pg_get_expr(p.polwithcheck, p.polrelid)) order by p.polname), '[]')
          from pg_policy p where p.polrelid = c.oid) as policies,
       (select coalesce(json_agg(json_build_object(
                 'schema', sn.nspname, 'name', s.relname, 'column', a.attname,
                 'usable_by', (select coalesce(json_agg(r.name), '[]') from roles r
                                where has_sequence_privilege(r.grantee, s.oid, 'usage')))), '[]')
          from pg_depend d
          join pg_class s on s.oid = d.objid and s.relkind = 'S'
          join pg_namespace sn on sn.oid = s.relnamespace
          join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid and not a.attisdropped
         where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
           and d.refobjid = c.oid and d.deptype = 'a') as sequences,
       (select coalesce(json_agg(distinct d.refobjid::int8), '[]')
          from pg_rewrite w
          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
         where w.ev_class = c.oid and d.refclassid = 'pg_class'::regclass and d.refobjid <> c.oid) as reads
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and ${isUsers("n", "pg_class", "c.oid")}
 order by n.nspname, c.relname`;

const functionsSql = `
with roles as (${rolesSql})
select n.nspname as schema, p.proname as name, case p.prokind when 'p' then 'procedure' else 'function' end as kind,
       pg_get_function_identity_arguments(p.oid) as identity_arguments,
       exists (select from unnest(p.proconfig) as setting where setting like 'search_path=%') as has_search_path,
       p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as returns_trigger,
       (select coalesce(json_agg(r.name), '[]') from roles r
         where has_function_privilege(r.grantee, p.oid, 'execute')
           and has_schema_privilege(r.grantee, n.oid, 'usage')) as callable_by
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where p.prosecdef and ${isUsers("n", "pg_proc", "p.oid")}
 order by n.nspname, p.proname`;

const serverSql = `
with roles as (${rolesSql})
select current_setting('server_version_num')::int as server_version,
       (select format_type(p.prorettype, null) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname = 'auth' and p.proname = 'uid' and p.pronargs = 0) as uid_type,
       to_regprocedure('auth.tenant_id()') is not null as knows_tenants,
       (select count(*)::int from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname = 'membership' and p.proname in ('group_ids', 'managed_group_ids', 'add_creator')
       ) as scaffold_functions,
       (select json_agg(json_build_object(
                 'name', r.name, 'exists', r.oid is not null,
                 'bypasses', coalesce((select a.rolsuper or a.rolbypassrls from pg_roles a where a.oid = r.oid), false)))
          from roles r) as roles`;

/** One consistent look; the session must not be inside a transaction. */
export async function readRowSecurityCatalog(client: pg.ClientBase): Promise<RowSecurityCatalog> {
  await client.query("begin isolation level repeatable read read only");
  try {
    // With nothing but pg_catalog in the path, expressions name every function and table of users in full.
    await client.query("set local search_path = pg_catalog");
    const server = await client.query<Omit<RowSecurityCatalog, "relations" | "definer_functions">>(serverSql);
    const relations = await client.query<RelationFacts>(relationsSql);
    const functions = await client.query<FunctionFacts>(functionsSql);
    return { ...server.rows[0]!, relations: relations.rows, definer_functions: functions.rows };
  } finally {
    await client.query("rollback");
  }
}
