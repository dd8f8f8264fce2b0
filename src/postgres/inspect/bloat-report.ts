/**
 * In charge of estimating how much room tables and indexes take without need: what they occupy against what their rows would,
 * by the widths that the statistics know. Nothing is read but the catalog, so it costs nothing, and it is an estimate.
 */
import { type InspectReport, rowsOf, shortName, userSchemas } from "./report.ts";

/** Below that a table is not worth a thought. */
const leastBytes = 1_048_576;

/** A row's header and its pointer are 24 and 4 bytes, and rows begin at multiples of 8; a page has 24 bytes of its own. */
const tablesSql = `
  select c.oid, ${shortName} as object, 'table' as kind, null::text as "table", pg_relation_size(c.oid)::float8 as size_bytes, c.reltuples,
         ceil(c.reltuples * (ceil((24 + sum((1 - s.null_frac) * s.avg_width)) / 8.0) * 8 + 4)
           / ((current_setting('block_size')::int - 24)
              * coalesce((select option_value::float8 from pg_options_to_table(c.reloptions) where option_name = 'fillfactor'), 100) / 100))
           * current_setting('block_size')::int as needed_bytes,
         count(*) filter (where s.attname is null) as unknown, true as can_tell, null::text as mend_sql
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname and not s.inherited
   where c.relkind in ('r', 'm') and ${userSchemas} and pg_relation_size(c.oid) >= ${leastBytes}
   group by c.oid, n.nspname, c.relname, c.reltuples, c.reloptions`;

/** Only of B-trees on plain columns; equal keys are stored once, so what it needs may be less and is never taken for more. */
const indexesSql = `
  select c.oid, ${shortName} as object, 'index' as kind,
         (select case when tn.nspname = 'public' then '' else quote_ident(tn.nspname) || '.' end || quote_ident(t.relname)
            from pg_class t join pg_namespace tn on tn.oid = t.relnamespace where t.oid = i.indrelid) as "table",
         pg_relation_size(c.oid)::float8 as size_bytes, c.reltuples,
         ceil(c.reltuples * (ceil((8 + sum((1 - s.null_frac) * s.avg_width)) / 8.0) * 8 + 4)
           / ((current_setting('block_size')::int - 40)
              * coalesce((select option_value::float8 from pg_options_to_table(c.reloptions) where option_name = 'fillfactor'), 90) / 100))
           * current_setting('block_size')::int as needed_bytes,
         count(*) filter (where s.attname is null) as unknown, true as can_tell,
         'REINDEX INDEX CONCURRENTLY ' || (${shortName}) || ';' as mend_sql
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_class r on r.oid = i.indrelid join pg_am am on am.oid = c.relam and am.amname = 'btree'
    cross join lateral unnest(i.indkey::int2[]) as k (attnum)
    left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    left join pg_stats s on s.schemaname = n.nspname and s.tablename = r.relname and s.attname = a.attname and not s.inherited
   where ${userSchemas} and pg_relation_size(c.oid) >= ${leastBytes} and not 0 = any (i.indkey::int2[])
   group by c.oid, n.nspname, c.relname, c.reltuples, c.reloptions, i.indrelid`;

export const bloatReport: InspectReport = {
  name: "bloat",
  summary: "room that tables and indexes take and would not need (estimated)",
  columns: [
    { key: "object" },
    { key: "kind" },
    { key: "size_bytes", title: "size", form: "bytes" },
    { key: "bloat_bytes", title: "not needed", form: "bytes" },
    { key: "percent", title: "of it", form: "percent" },
    { key: "dead_rows", title: "dead rows", form: "count" },
    { key: "note" },
  ],
  nothing: "No table or index is larger than 1 MB.",
  read: (client) =>
    rowsOf(
      client,
      `with found as (select * from (${tablesSql}) t union all select * from (${indexesSql}) i)
       select object, kind, "table", size_bytes,
              case when is_known then greatest(0, size_bytes - needed_bytes) end as bloat_bytes,
              case when is_known then round((100 * greatest(0, size_bytes - needed_bytes) / size_bytes)::numeric, 1)::float8 end as percent,
              dead_rows, case when not is_known then 'no statistics yet' end as note,
              case when not is_known then 'ANALYZE ' || coalesce("table", object) || ';'
                   when size_bytes - needed_bytes < 0.3 * size_bytes or size_bytes - needed_bytes < ${leastBytes} then null
                   when kind = 'index' then mend_sql
                   when dead_rows > 0.1 * greatest(reltuples, 1) then 'VACUUM (ANALYZE) ' || object || ';'
                   else 'VACUUM (FULL, ANALYZE) ' || object || ';  -- nobody can use the table meanwhile' end as mend
         from (select f.*, unknown = 0 and reltuples >= 0 as is_known, s.n_dead_tup::float8 as dead_rows
                 from found f left join pg_stat_user_tables s on s.relid = f.oid) k
        order by bloat_bytes desc nulls last, size_bytes desc, object`,
    ),
};
