/** In charge of a list of tables, with what a person asks first: how many rows, how large, protected or not. */
import type pg from "pg";

export interface TableFacts {
  schema: string;
  name: string;
  kind: "table" | "partitioned table" | "foreign table" | "view" | "materialized view";
  columns: number;
  /** As the statistics say; null before they were gathered, and for views. */
  estimated_rows: number | null;
  size_bytes: number;
  row_security: boolean;
  comment: string | null;
}

export async function readTables(client: pg.ClientBase): Promise<TableFacts[]> {
  const { rows } = await client.query<TableFacts>(`
    select n.nspname as schema, c.relname as name,
           case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'f' then 'foreign table'
                          when 'v' then 'view' else 'materialized view' end as kind,
           (select count(*)::int from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
           case when c.relkind in ('r', 'm', 'p') and c.reltuples >= 0 then c.reltuples::float8 end as estimated_rows,
           pg_catalog.pg_total_relation_size(c.oid)::float8 as size_bytes, c.relrowsecurity as row_security,
           pg_catalog.obj_description(c.oid, 'pg_class') as comment
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f', 'v', 'm') and not c.relispartition
       and n.nspname !~ '^(pg_|information_schema$)' and n.nspname not in ('auth', 'postern', 'postern_private')
       and not exists (select from pg_catalog.pg_depend d
                        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     order by n.nspname collate "C", c.relname collate "C"`);
  return rows;
}
