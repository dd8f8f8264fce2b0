/** In charge of looks at tables: how large they are, how they are read, how well they are kept in memory and vacuumed. */
import { type InspectReport, msSince, rowsOf, shortName, userSchemas } from "./report.ts";

export const sizesReport: InspectReport = {
  name: "sizes",
  summary: "how much room tables, their indexes and their long values take",
  columns: [
    { key: "table" },
    { key: "rows", form: "count" },
    { key: "table_bytes", title: "rows take", form: "bytes" },
    { key: "index_bytes", title: "indexes", form: "bytes" },
    { key: "toast_bytes", title: "long values", form: "bytes" },
    { key: "total_bytes", title: "total", form: "bytes" },
    { key: "percent", title: "of all", form: "percent" },
  ],
  nothing: "There are no tables.",
  read: (client) =>
    rowsOf(
      client,
      `select ${shortName} as "table", case when c.reltuples >= 0 then c.reltuples::float8 end as rows,
              pg_relation_size(c.oid)::float8 as table_bytes, pg_indexes_size(c.oid)::float8 as index_bytes,
              coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)::float8 as toast_bytes,
              pg_total_relation_size(c.oid)::float8 as total_bytes,
              round(100 * pg_total_relation_size(c.oid) / greatest(1, pg_database_size(current_database())), 1)::float8 as percent
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'm') and ${userSchemas}
        order by total_bytes desc, 1`,
    ),
  async remark(client) {
    const [row] = await rowsOf(
      client,
      "select pg_size_pretty(pg_database_size(current_database())) as size, current_database() as name",
    );
    return row && `The database takes ${row.size}, with Postgres's own catalogs. Rows are estimates.`;
  },
};

export const seqScansReport: InspectReport = {
  name: "seq-scans",
  summary: "tables that are read from end to end, and how often",
  columns: [
    { key: "table" },
    { key: "rows", form: "count" },
    { key: "seq_scans", title: "read whole", form: "count" },
    { key: "rows_per_scan", title: "rows each time", form: "count" },
    { key: "index_scans", title: "by index", form: "count" },
    { key: "percent_seq", title: "whole", form: "percent" },
    { key: "total_bytes", title: "size", form: "bytes" },
  ],
  nothing: "No table was read from end to end.",
  read: (client) =>
    rowsOf(
      client,
      `select ${shortName} as "table", s.n_live_tup::float8 as rows, s.seq_scan::float8 as seq_scans,
              round(s.seq_tup_read::numeric / greatest(1, s.seq_scan))::float8 as rows_per_scan, coalesce(s.idx_scan, 0)::float8 as index_scans,
              round(100.0 * s.seq_scan / greatest(1, s.seq_scan + coalesce(s.idx_scan, 0)), 1)::float8 as percent_seq,
              pg_relation_size(c.oid)::float8 as total_bytes,
              case when s.n_live_tup >= 10000 and s.seq_scan > 10 then 'postern db advise' end as mend
         from pg_stat_user_tables s join pg_class c on c.oid = s.relid join pg_namespace n on n.oid = c.relnamespace
        where s.seq_scan > 0 and ${userSchemas}
        order by s.seq_tup_read desc, 1`,
    ),
};

export const cacheReport: InspectReport = {
  name: "cache",
  summary: "how much of what is read was in Postgres's memory",
  columns: [
    { key: "table" },
    { key: "table_percent", title: "rows", form: "percent" },
    { key: "index_percent", title: "indexes", form: "percent" },
    { key: "blocks_read", title: "from disk", form: "count" },
    { key: "blocks_hit", title: "from memory", form: "count" },
    { key: "total_bytes", title: "size", form: "bytes" },
  ],
  nothing: "Nothing was read yet.",
  read: (client) =>
    rowsOf(
      client,
      `select ${shortName} as "table",
              round(100.0 * s.heap_blks_hit / nullif(s.heap_blks_hit + s.heap_blks_read, 0), 1)::float8 as table_percent,
              round(100.0 * s.idx_blks_hit / nullif(s.idx_blks_hit + s.idx_blks_read, 0), 1)::float8 as index_percent,
              (s.heap_blks_read + coalesce(s.idx_blks_read, 0))::float8 as blocks_read,
              (s.heap_blks_hit + coalesce(s.idx_blks_hit, 0))::float8 as blocks_hit, pg_total_relation_size(c.oid)::float8 as total_bytes
         from pg_statio_user_tables s join pg_class c on c.oid = s.relid join pg_namespace n on n.oid = c.relnamespace
        where s.heap_blks_hit + s.heap_blks_read > 0 and ${userSchemas}
        order by blocks_read desc, blocks_hit desc, 1`,
    ),
  async remark(client) {
    const [row] = await rowsOf(
      client,
      `select round(100.0 * blks_hit / nullif(blks_hit + blks_read, 0), 1)::text as percent, current_setting('shared_buffers') as memory
         from pg_stat_database where datname = current_database()`,
    );
    if (!row?.percent) return undefined;
    return `Of the whole database ${row.percent} % came from memory (shared_buffers ${row.memory}); what "disk" is may be the system's own cache. Below 99 %, more memory may help: \`postern db scale\`.`;
  },
};

/** When autovacuum comes, by the settings of the table or of the server. */
const setting = (name: string): string =>
  `coalesce((select o.option_value from pg_options_to_table(c.reloptions) o where o.option_name = '${name}'), current_setting('${name}'))::float8`;

export const vacuumReport: InspectReport = {
  name: "vacuum",
  summary: "dead rows, when each table was vacuumed and analyzed, and when it is due",
  columns: [
    { key: "table" },
    { key: "rows", form: "count" },
    { key: "dead_rows", title: "dead", form: "count" },
    { key: "due_at_dead_rows", title: "due at", form: "count" },
    { key: "vacuumed_ms", title: "vacuumed", form: "duration" },
    { key: "analyzed_ms", title: "analyzed", form: "duration" },
    { key: "transaction_age", title: "age", form: "count" },
    { key: "is_due", title: "due", form: "flag" },
  ],
  nothing: "There are no tables.",
  read: (client) =>
    rowsOf(
      client,
      `select v.*, case when is_due or never_analyzed then 'VACUUM (ANALYZE) ' || "table" || ';' end as mend from (
         select ${shortName} as "table", s.n_live_tup::float8 as rows, s.n_dead_tup::float8 as dead_rows,
                round(${setting("autovacuum_vacuum_threshold")} + ${setting("autovacuum_vacuum_scale_factor")} * greatest(c.reltuples, 0)) as due_at_dead_rows,
                ${msSince("greatest(s.last_vacuum, s.last_autovacuum)")} as vacuumed_ms,
                ${msSince("greatest(s.last_analyze, s.last_autoanalyze)")} as analyzed_ms,
                age(c.relfrozenxid)::float8 as transaction_age,
                s.n_dead_tup > ${setting("autovacuum_vacuum_threshold")} + ${setting("autovacuum_vacuum_scale_factor")} * greatest(c.reltuples, 0)
                  or age(c.relfrozenxid) > current_setting('autovacuum_freeze_max_age')::int as is_due,
                s.n_live_tup >= 1000 and s.last_analyze is null and s.last_autoanalyze is null as never_analyzed
           from pg_stat_user_tables s join pg_class c on c.oid = s.relid join pg_namespace n on n.oid = c.relnamespace
          where ${userSchemas}) v
        order by is_due desc, dead_rows desc, "table"`,
    ),
};
