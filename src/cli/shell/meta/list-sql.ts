/**
 * In charge of the questions behind `\dt` and its like. `$1` and `$2` are patterns of schema and name or null, `$3` says
 * whether the server's own are wanted.
 */

const visible = (namespace: string, isVisible: string): string => `
  and ($1::text is null or ${namespace} ~ $1)
  and ($1::text is not null or $2::text is not null or $3::text = 'on'
    or ${namespace} not in ('pg_catalog', 'information_schema') and ${namespace} !~ '^pg_toast'
    and pg_get_userbyid(n.nspowner) <> 'postern_admin')
  and ($1::text is not null or $2::text is null or ${isVisible})`;

const kindName = `case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
  when 'm' then 'materialized view' when 'i' then 'index' when 'I' then 'partitioned index' when 'S' then 'sequence'
  when 'f' then 'foreign table' else c.relkind::text end`;

const relations = (kinds: string, extra: string, plus: string, join = ""): string => `
  select n.nspname as schema, c.relname as name, ${kindName} as type, pg_get_userbyid(c.relowner) as owner${extra}${plus}
  from pg_class c join pg_namespace n on n.oid = c.relnamespace ${join}
  where c.relkind in (${kinds}) and ($2::text is null or c.relname ~ $2)
    ${visible("n.nspname", "pg_table_is_visible(c.oid)")}
  order by 1, 2`;

const sizes = `, pg_size_pretty(pg_total_relation_size(c.oid)) as size, greatest(c.reltuples, 0)::bigint as "rows (about)",
  obj_description(c.oid, 'pg_class') as description`;

const indexed = `left join pg_index x on x.indexrelid = c.oid left join pg_class t on t.oid = x.indrelid`;

export interface ListCommand {
  title: string;
  /** `kind`: a letter of pg_proc's for functions. */
  sql(plus: boolean, kind?: string): string;
}

/** Letters of `\dtv` and their like. */
const relationKinds: Record<string, string> = {
  t: "'r','p'",
  v: "'v'",
  m: "'m'",
  i: "'i','I'",
  s: "'S'",
  E: "'f'",
  P: "'p','I'",
};

/** `\dti`: several kinds in one list. */
export const relationsOf = (letters: string): ListCommand =>
  relationList("Relations", [...letters].map((letter) => relationKinds[letter]!).join(","));

const relationList = (title: string, kinds: string, extra = "", join = ""): ListCommand => ({
  title,
  sql: (plus) => relations(kinds, extra, plus ? sizes : "", join),
});

const functionKinds: Record<string, string> = {
  a: "and p.prokind = 'a'",
  n: "and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype",
  p: "and p.prokind = 'p'",
  t: "and p.prorettype = 'trigger'::regtype",
  w: "and p.prokind = 'w'",
};

export const lists: Record<string, ListCommand> = {
  d: relationList("Relations", "'r','p','v','m','S','f'"),
  dt: relationList("Tables", "'r','p'"),
  dv: relationList("Views", "'v'"),
  dm: relationList("Materialized views", "'m'"),
  di: relationList("Indexes", "'i','I'", ", t.relname as table", indexed),
  ds: relationList("Sequences", "'S'"),
  dE: relationList("Foreign tables", "'f'"),
  dP: relationList("Partitioned relations", "'p','I'", ", t.relname as table", indexed),
  df: {
    title: "Functions",
    sql: (plus, kind) => `
      select n.nspname as schema, p.proname as name, pg_get_function_result(p.oid) as result,
        pg_get_function_arguments(p.oid) as arguments,
        case p.prokind when 'a' then 'aggregate' when 'w' then 'window' when 'p' then 'procedure' else 'function' end as type
        ${plus ? ", l.lanname as language, p.provolatile as volatility, p.prosecdef as definer, obj_description(p.oid, 'pg_proc') as description" : ""}
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
      where ($2::text is null or p.proname ~ $2) ${functionKinds[kind ?? ""] ?? ""} ${visible("n.nspname", "pg_function_is_visible(p.oid)")}
      order by 1, 2, 4`,
  },
  dT: {
    title: "Types",
    sql: () => `
      select n.nspname as schema, format_type(t.oid, null) as name,
        case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'c' then 'composite' when 'r' then 'range'
          when 'm' then 'multirange' else 'base' end as type,
        (select string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as elements,
        obj_description(t.oid, 'pg_type') as description
      from pg_type t join pg_namespace n on n.oid = t.typnamespace
      where (t.typrelid = 0 or (select c.relkind = 'c' from pg_class c where c.oid = t.typrelid))
        and not exists (select from pg_type e where e.oid = t.typelem and e.typarray = t.oid)
        and ($2::text is null or t.typname ~ $2) ${visible("n.nspname", "pg_type_is_visible(t.oid)")}
      order by 1, 2`,
  },
  dn: {
    title: "Schemas",
    sql: (plus) => `
      select nspname as name, pg_get_userbyid(nspowner) as owner
        ${plus ? ", array_to_string(nspacl, E'\\n') as privileges, obj_description(oid, 'pg_namespace') as description" : ""}
      from pg_namespace
      where ($2::text is null or nspname ~ $2) and $1::text is null
        and ($3::text = 'on' or $2::text is not null or nspname !~ '^pg_' and nspname <> 'information_schema'
          and pg_get_userbyid(nspowner) <> 'postern_admin')
      order by 1`,
  },
  du: {
    title: "Roles",
    sql: (plus) => `
      select r.rolname as role, concat_ws(', ', case when rolsuper then 'superuser' end, case when rolcreaterole then
          'create role' end, case when rolcreatedb then 'create database' end, case when not rolcanlogin then 'no login' end,
          case when rolreplication then 'replication' end, case when rolbypassrls then 'bypasses row security' end,
          case when rolconnlimit >= 0 then rolconnlimit || ' connections' end) as attributes,
        array_to_string(array(select g.rolname from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid), ', ') as "member of"
        ${plus ? ", shobj_description(r.oid, 'pg_authid') as description" : ""}
      from pg_roles r
      where ($2::text is null or rolname ~ $2) and $1::text is null and ($3::text = 'on' or $2::text is not null or rolname !~ '^(pg|postern)_')
      order by 1`,
  },
  dp: {
    title: "Privileges",
    sql: () => `
      select n.nspname as schema, c.relname as name, ${kindName} as type, array_to_string(c.relacl, E'\\n') as privileges,
        (select string_agg(a.attname || ': ' || array_to_string(a.attacl, ', '), E'\\n')
          from pg_attribute a where a.attrelid = c.oid and a.attacl is not null) as "column privileges",
        (select string_agg(p.polname, E'\\n') from pg_policy p where p.polrelid = c.oid) as policies
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ($2::text is null or c.relname ~ $2)
        ${visible("n.nspname", "pg_table_is_visible(c.oid)")}
      order by 1, 2`,
  },
  dx: {
    title: "Extensions",
    sql: () => `
      select e.extname as name, e.extversion as version, n.nspname as schema, obj_description(e.oid, 'pg_extension') as description
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace
      where ($2::text is null or extname ~ $2) and $1::text is null and ($3::text is not null)
      order by 1`,
  },
  l: {
    title: "Databases",
    sql: (plus) => `
      select datname as name, pg_get_userbyid(datdba) as owner, pg_encoding_to_char(encoding) as encoding, datcollate as collation
        ${plus ? ", case when has_database_privilege(oid, 'connect') then pg_size_pretty(pg_database_size(oid)) end as size, shobj_description(oid, 'pg_database') as description" : ""}
      from pg_database
      where ($2::text is null or datname ~ $2) and $1::text is null
        and ($3::text = 'on' or $2::text is not null or not datistemplate and has_database_privilege(oid, 'connect'))
      order by 1`,
  },
};
