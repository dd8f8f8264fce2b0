/** In charge of a look at indexes: how large, how used, and which could go. */
import type pg from "pg";
import { type InspectReport, type InspectRow, rowsOf, userSchemas } from "./report.ts";

export interface IndexFacts {
  schema: string;
  table: string;
  index: string;
  definition: string;
  size_bytes: number;
  scans: number;
  is_unique: boolean;
  /** Of a primary key, of a unique or exclusion constraint, or what replication goes by. */
  is_constraint: boolean;
  is_valid: boolean;
  is_partitioned: boolean;
  /** The same, whatever its name. */
  shape: string;
  /** Access method, and what else must be equal for one index to do another's work. */
  kind: string;
  /** Key columns as they are written. */
  columns: string[];
  included: string[];
  rows: number;
  /** Whole reads and reads by any index of its table since counting began. */
  table_scans: number;
  foreign_keys: boolean;
}

const indexesSql = `
  select n.nspname as schema, t.relname as "table", c.relname as index, pg_get_indexdef(c.oid) as definition,
         pg_relation_size(c.oid)::float8 as size_bytes, coalesce(s.idx_scan, 0)::float8 as scans, i.indisunique as is_unique,
         i.indisreplident or exists (select from pg_constraint k where k.conindid = c.oid) as is_constraint, i.indisvalid as is_valid,
         c.relkind = 'I' or c.relispartition as is_partitioned,
         am.amname || ' ' || i.indisunique || ' ' || i.indkey::text || ' ' || i.indclass::text || ' ' || i.indoption::text || ' '
           || i.indcollation::text || ' ' || coalesce(pg_get_expr(i.indexprs, i.indrelid), '') || ' ' || coalesce(pg_get_expr(i.indpred, i.indrelid), '')
           || ' ' || i.indnkeyatts as shape,
         am.amname || ' ' || coalesce(pg_get_expr(i.indpred, i.indrelid), '') as kind,
         array(select pg_get_indexdef(c.oid, k, true) || ' ' || i.indclass[k - 1] || ' ' || i.indcollation[k - 1] || ' ' || i.indoption[k - 1]
                 from generate_series(1, i.indnkeyatts) k) as columns,
         array(select pg_get_indexdef(c.oid, k, true) from generate_series(i.indnkeyatts + 1, i.indnatts) k) as included,
         coalesce(nullif(t.reltuples, -1), 0)::float8 as rows, (coalesce(u.seq_scan, 0) + coalesce(u.idx_scan, 0))::float8 as table_scans,
         exists (select from pg_constraint f where f.contype = 'f' and f.conrelid = i.indrelid
                  and f.conkey[1] = i.indkey[0]) as foreign_keys
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    join pg_namespace n on n.oid = c.relnamespace join pg_am am on am.oid = c.relam
    left join pg_stat_user_indexes s on s.indexrelid = c.oid left join pg_stat_user_tables u on u.relid = t.oid
   where ${userSchemas} and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
   order by size_bytes desc, 1, 3`;

export const readIndexes = async (client: pg.ClientBase): Promise<IndexFacts[]> =>
  (await client.query<IndexFacts>(indexesSql)).rows;

/** The index that makes this one needless: the same one, or one that begins with the same columns. */
export function replacementOf(index: IndexFacts, all: readonly IndexFacts[]): IndexFacts | undefined {
  if (index.is_constraint || index.is_partitioned || index.included.length > 0) return undefined;
  return all.find((other) => {
    if (other === index || other.schema !== index.schema || other.table !== index.table || !other.is_valid)
      return false;
    // Of two that are the same, the one that comes later in the alphabet goes.
    if (other.shape === index.shape)
      return other.is_constraint || (other.included.length === 0 && other.index < index.index);
    // What a unique index promises, a longer one does not.
    if (index.is_unique || other.kind !== index.kind || !other.kind.startsWith("btree ")) return false;
    const isSame = other.columns.length === index.columns.length;
    if (isSame && !other.is_unique) return false;
    return (
      other.columns.length >= index.columns.length &&
      index.columns.every((column, at) => other.columns[at] === column)
    );
  });
}

/** Never read, while its table was, often enough to say so. */
export const isUnused = (index: IndexFacts): boolean =>
  index.scans === 0 &&
  !index.is_unique &&
  !index.is_constraint &&
  !index.is_partitioned &&
  !index.foreign_keys &&
  index.is_valid &&
  index.table_scans >= leastTableScans;

export const leastTableScans = 100;

/** `schema.index`, quoted. */
export const quotedIndex = ({ schema, index }: Pick<IndexFacts, "schema" | "index">): string =>
  [schema, index].map(quoteIdent).join(".");

const quoteIdent = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

export function judgeIndex(
  index: IndexFacts,
  all: readonly IndexFacts[],
): { note: string; mend: string } | undefined {
  const drop = `DROP INDEX CONCURRENTLY ${quotedIndex(index)};`;
  if (!index.is_valid && !index.is_partitioned)
    return {
      note: "invalid: making it failed or still goes on",
      mend: `REINDEX INDEX CONCURRENTLY ${quotedIndex(index)};`,
    };
  const other = replacementOf(index, all);
  if (other)
    return {
      note: `${other.shape === index.shape ? "the same as" : "covered by"} ${other.index}`,
      mend: drop,
    };
  // The one that would do another's work after that has gone is not idle.
  const isHeir = all.some((one) => one.scans > 0 && replacementOf(one, all) === index);
  if (isUnused(index) && !isHeir) return { note: "never used", mend: drop };
  return undefined;
}

export const indexesReport: InspectReport = {
  name: "indexes",
  summary: "how often indexes are used, how large they are, which could go",
  columns: [
    { key: "table" },
    { key: "index" },
    { key: "size_bytes", title: "size", form: "bytes" },
    { key: "scans", title: "used", form: "count" },
    { key: "is_unique", title: "unique", form: "flag" },
    { key: "note" },
  ],
  nothing: "There are no indexes.",
  async read(client) {
    const all = await readIndexes(client);
    return all.map((index): InspectRow => {
      const { schema, table, index: name, definition, size_bytes, scans, is_unique, is_constraint } = index;
      const verdict = judgeIndex(index, all);
      const place = schema === "public" ? table : `${schema}.${table}`;
      const facts = {
        table: place,
        schema,
        index: name,
        definition,
        size_bytes,
        scans,
        is_unique,
        is_constraint,
      };
      return { ...facts, note: verdict?.note ?? null, mend: verdict?.mend ?? null };
    });
  },
  async remark(client) {
    const [row] = await rowsOf(
      client,
      `select to_char(coalesce(stats_reset, pg_postmaster_start_time()) at time zone 'utc', 'YYYY-MM-DD HH24:MI "UTC"') as since,
              stats_reset is not null as was_reset from pg_stat_database where datname = current_database()`,
    );
    if (!row?.was_reset) return "Counted since the database was made, or since its server crashed last.";
    return `Counted since ${row.since}.`;
  },
};
