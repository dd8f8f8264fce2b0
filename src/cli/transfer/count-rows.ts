/** In charge of counting a database's rows, table by table. */
import type pg from "pg";
import { quoteQualified } from "../../postgres/identifier.ts";
import type { Progress } from "../progress.ts";

/** Rows by `schema.table`, partitions each for themselves. */
export type TableRows = ReadonlyMap<string, bigint>;

export async function countRows(
  client: pg.ClientBase,
  skippedSchemas: readonly string[],
  progress: Progress,
): Promise<TableRows> {
  const { rows: tables } = await client.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and pg_catalog.pg_get_userbyid(n.nspowner) <> 'postern_admin' and n.nspname <> all ($1::text[])
        and not exists (select from pg_catalog.pg_depend d
                         where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
      order by 1, 2`,
    [skippedSchemas],
  );
  // A table whose rows would be hidden is an error and not a smaller number.
  await client.query("set row_security = off");
  const counted = new Map<string, bigint>();
  for (const { schema, name } of tables) {
    progress.update(`Counting rows  ${counted.size} of ${tables.length} tables`);
    const { rows } = await client.query<{ n: string }>(
      `select pg_catalog.count(*)::text as n from only ${quoteQualified([schema, name])}`,
    );
    counted.set(`${schema}.${name}`, BigInt(rows[0]!.n));
  }
  await client.query("reset row_security");
  return counted;
}

/** What of `wanted` is not there, or not with as many rows. */
export function compareRows(wanted: TableRows, found: TableRows): string[] {
  return [...wanted].flatMap(([table, rows]) => {
    const there = found.get(table);
    if (there === undefined) return [`${table} is not there`];
    return there === rows ? [] : [`${table} has ${there} rows instead of ${rows}`];
  });
}

export const sumOf = (rows: TableRows): bigint => [...rows.values()].reduce((sum, count) => sum + count, 0n);
