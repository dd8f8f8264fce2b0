/** In charge of what a person wants to know of all tables at once: columns, keys, sizes, and what leads where. */
import type { Catalog, CatalogTable } from "@postern/sdk/protocol";

/** Answers the first value of the first row, as text. */
export type Ask = (sql: string, params?: string[]) => Promise<string | null>;

export async function readCatalog(ask: Ask): Promise<Catalog> {
  const tables = JSON.parse((await ask(catalogQuery)) ?? "[]") as CatalogTable[];
  const schemas = JSON.parse((await ask(schemasQuery)) ?? "[]") as string[];
  return { schemas, tables };
}

const spaces = `n.nspname !~ '^(pg_|information_schema$)' and n.nspname not in ('auth', 'postern', 'postern_private')`;
const own = (kind: string, oid: string) =>
  `not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.${kind}'::pg_catalog.regclass and d.objid = ${oid} and d.deptype = 'e')`;

const schemasQuery = `
  select pg_catalog.json_agg(n.nspname order by n.nspname <> 'public', n.nspname collate "C")::text
    from pg_catalog.pg_namespace n
   where ${spaces} and ${own("pg_namespace", "n.oid")} and pg_catalog.has_schema_privilege(n.oid, 'usage')`;

/** Names of a key's columns, in the key's order. */
const names = (relation: string, numbers: string) => `
  (select pg_catalog.json_agg(x.attname order by u.at)
     from pg_catalog.unnest(${numbers}) with ordinality u(number, at)
     join pg_catalog.pg_attribute x on x.attrelid = ${relation} and x.attnum = u.number)`;

const action = (column: string) =>
  `case ${column} when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade' when 'n' then 'set null' else 'set default' end`;

// Each part is put together for all tables at once: thousands of them would ask the catalogs thousands of times.
const columnsOf = `
  select a.attrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
           'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
           'kind', case when b.typname in ('json', 'jsonb') then 'json' when b.typname = 'bytea' then 'bytes' when b.typname = 'uuid' then 'uuid'
                        when b.typtype = 'e' then 'enum' when b.typcategory = 'A' then 'array' when b.typcategory = 'N' then 'number'
                        when b.typcategory = 'B' then 'boolean' when b.typcategory = 'D' then 'time' when b.typcategory = 'S' then 'text'
                        else 'other' end,
           'nullable', not a.attnotnull, 'default', case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end,
           'generated', a.attgenerated <> '' or a.attidentity = 'a',
           'comment', r.description, 'values', e.labels,
           'ordered', b.typname not in ('json', 'xml', 'point', 'line', 'polygon', 'path', 'xid', 'cid', 'aclitem')) order by a.attnum) as parts
    from relations c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_type t on t.oid = a.atttypid
    join pg_catalog.pg_type b on b.oid = case t.typtype when 'd' then t.typbasetype else t.oid end
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join pg_catalog.pg_description r
           on r.objoid = a.attrelid and r.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and r.objsubid = a.attnum
    left join labels e on e.enumtypid = b.oid
   group by a.attrelid`;

const foreignKeysOf = `
  select k.conrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
           'name', k.conname, 'columns', ${names("k.conrelid", "k.conkey")},
           'target', pg_catalog.json_build_object('schema', fn.nspname, 'name', f.relname),
           'target_columns', ${names("k.confrelid", "k.confkey")},
           'on_delete', ${action("k.confdeltype")}, 'on_update', ${action("k.confupdtype")}) order by k.conname) as parts
    from pg_catalog.pg_constraint k
    join relations c on c.oid = k.conrelid
    join pg_catalog.pg_class f on f.oid = k.confrelid
    join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
   where k.contype = 'f' and k.conparentid = 0
   group by k.conrelid`;

const catalogQuery = `
  with relations as materialized (
    select c.oid, n.nspname, c.relname, c.relkind, c.reltuples, c.relrowsecurity
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f', 'v', 'm') and not c.relispartition and ${spaces} and ${own("pg_class", "c.oid")}),
  labels as (select enumtypid, pg_catalog.json_agg(enumlabel order by enumsortorder) as labels from pg_catalog.pg_enum group by enumtypid),
  columns as (${columnsOf}),
  foreign_keys as (${foreignKeysOf}),
  policies as (select polrelid, count(*) as number from pg_catalog.pg_policy group by polrelid),
  indexes as (
    select i.indrelid, count(*) as number,
           (pg_catalog.array_agg(i.indkey::pg_catalog.int2[]) filter (where i.indisprimary))[1:1] as key
      from pg_catalog.pg_index i join relations c on c.oid = i.indrelid group by i.indrelid)
  select pg_catalog.json_agg(pg_catalog.json_build_object(
    'schema', c.nspname, 'name', c.relname,
    'kind', case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'f' then 'foreign table'
                           when 'v' then 'view' else 'materialized view' end,
    'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
    'estimated_rows', case when c.relkind in ('r', 'm', 'p') and c.reltuples >= 0 then c.reltuples::float8 end,
    'size_bytes', case when c.relkind = 'p'
                       then (select coalesce(sum(pg_catalog.pg_total_relation_size(t.relid)), 0) from pg_catalog.pg_partition_tree(c.oid) t)
                       else coalesce(pg_catalog.pg_total_relation_size(c.oid), 0) end,
    'row_security', c.relrowsecurity,
    'policies', coalesce(p.number, 0),
    'indexes', coalesce(i.number, 0),
    'primary_key', coalesce(${names("c.oid", "i.key")}, '[]'),
    'columns', coalesce(a.parts, '[]'),
    'foreign_keys', coalesce(f.parts, '[]')) order by c.nspname <> 'public', c.nspname collate "C", c.relname collate "C")::text
    from relations c
    left join columns a on a.attrelid = c.oid
    left join foreign_keys f on f.conrelid = c.oid
    left join policies p on p.polrelid = c.oid
    left join indexes i on i.indrelid = c.oid`;
