/** In charge of what is known of the tables of a database as far as advice on their indexes needs it. */
import type pg from "pg";
import { type IndexFacts, readIndexes } from "../inspect/index-report.ts";
import { userSchemas } from "../inspect/report.ts";

export interface ColumnFacts {
  name: string;
  /** How many values it has; undefined: nobody has counted. */
  distinct: number | undefined;
  nullFraction: number;
  /** A B-tree can hold it, and hold it well. */
  isIndexable: boolean;
}

export interface AdvisedTable {
  schema: string;
  name: string;
  rows: number;
  pages: number;
  columns: Map<string, ColumnFacts>;
  indexes: IndexFacts[];
}

interface Row {
  schema: string;
  name: string;
  rows: number;
  pages: number;
  column: string;
  n_distinct: number | null;
  null_frac: number | null;
  is_indexable: boolean;
}

const columnsSql = `
  select n.nspname as schema, c.relname as name, greatest(c.reltuples, coalesce(u.n_live_tup, 0), 0)::float8 as rows, c.relpages::int as pages,
         a.attname as column, s.n_distinct::float8 as n_distinct, s.null_frac::float8 as null_frac,
         coalesce(s.avg_width, 0) < 500 and exists (
           select from pg_opclass o join pg_am am on am.oid = o.opcmethod
            where am.amname = 'btree' and o.opcdefault
              and (o.opcintype = t.oid or o.opcintype = t.typbasetype or (t.typtype = 'e' and o.opcintype = 'anyenum'::regtype)
                   or (t.typname = 'varchar' and o.opcintype = 'text'::regtype))) as is_indexable
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid
    left join pg_stat_user_tables u on u.relid = c.oid
    left join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname and not s.inherited
   where c.relkind in ('r', 'm') and not c.relispartition and ${userSchemas}`;

/** Tables by `schema.name`. Parts of partitioned tables are not among them: indexes are made on the whole. */
export async function readTableFacts(client: pg.ClientBase): Promise<Map<string, AdvisedTable>> {
  const { rows } = await client.query<Row>(columnsSql);
  const indexes = await readIndexes(client);
  const tables = new Map<string, AdvisedTable>();
  for (const row of rows) {
    const { schema, name, rows: count, pages } = row;
    const key = `${schema}.${name}`;
    let table = tables.get(key);
    if (!table) {
      const own = indexes.filter((index) => index.schema === schema && index.table === name);
      table = { schema, name, rows: count, pages, columns: new Map(), indexes: own };
      tables.set(key, table);
    }
    table.columns.set(row.column, {
      name: row.column,
      distinct: distinctOf(row),
      nullFraction: row.null_frac ?? 0,
      isIndexable: row.is_indexable,
    });
  }
  return tables;
}

/** Below zero it is a share of the rows. */
function distinctOf({ n_distinct: distinct, rows }: Row): number | undefined {
  if (distinct === null || distinct === 0) return undefined;
  return Math.max(1, distinct < 0 ? -distinct * rows : distinct);
}
