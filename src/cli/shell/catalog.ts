/** In charge of what the shell knows of the database: names for completion, and for "did you mean". */

export interface CatalogRelation {
  schema: string;
  name: string;
  /** table, view, sequence … */
  kind: string;
  /** Found without its schema? */
  visible: boolean;
  columns: { name: string; type: string }[];
}

export interface Catalog {
  schemas: string[];
  relations: CatalogRelation[];
  functions: { schema: string; name: string; visible: boolean }[];
}

export const emptyCatalog: Catalog = { schemas: [], relations: [], functions: [] };

/** One row, one value. The server's own relations are left out until somebody names their schema. */
export const catalogSql = `
  select json_build_object(
    'schemas', (select coalesce(json_agg(nspname order by nspname), '[]') from pg_namespace
      where nspname !~ '^pg_(toast|temp)' and has_schema_privilege(oid, 'usage')),
    'relations', (select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.relname,
        'kind', case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
          when 'f' then 'foreign table' else 'table' end,
        'visible', pg_table_is_visible(c.oid),
        'columns', (select coalesce(json_agg(json_build_object('name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum), '[]')
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
        ) order by n.nspname, c.relname), '[]')
      from (select * from pg_class c where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
          and c.relnamespace not in (select oid from pg_namespace
            where nspname ~ '^pg_(toast|temp)' or nspname = 'information_schema')
          and not c.relispartition
        order by (c.relnamespace = 'pg_catalog'::regnamespace), c.oid limit 5000) c
      join pg_namespace n on n.oid = c.relnamespace),
    'functions', (select coalesce(json_agg(distinct jsonb_build_object('schema', n.nspname, 'name', p.proname,
        'visible', pg_function_is_visible(p.oid))), '[]')
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname <> 'information_schema' and p.prorettype <> 'internal'::regtype
        and p.proname !~ '^(pg_|_|bt|gin_|gist_|spg_|brin_|hash_|ri_|int\\d|float\\d|text_|numeric_|timestamp|date_|time_|interval_|oid|name)'
        or p.proname in ('date_trunc', 'date_part', 'pg_sleep', 'pg_size_pretty', 'pg_relation_size', 'pg_total_relation_size',
          'pg_cancel_backend', 'pg_terminate_backend', 'pg_get_viewdef', 'pg_get_functiondef'))
  )::text`;

/** Changes names: after it the catalog is read again. `tag` is what Postgres answers, such as `CREATE TABLE`. */
export const changesCatalog = (tag: string): boolean =>
  /^(CREATE|ALTER|DROP|SELECT INTO|IMPORT FOREIGN SCHEMA|SET|RESET|DO|CALL)\b/.test(tag);
