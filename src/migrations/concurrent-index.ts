/** In charge of what a CREATE INDEX CONCURRENTLY leaves that did not come to its end: an invalid index. */
import type pg from "pg";
import { quoteQualified } from "../postgres/identifier.ts";

export interface ConcurrentIndex {
  table: string[];
  /** Null: Postgres chooses it. */
  name: string | null;
}

/** Indexes of the table now; empty when there is no such table. */
export async function indexesOf(client: pg.ClientBase, index: ConcurrentIndex): Promise<number[]> {
  const { rows } = await client.query<{ oid: number }>(
    "select indexrelid as oid from pg_catalog.pg_index where indrelid = pg_catalog.to_regclass($1)",
    [quoteQualified(index.table)],
  );
  return rows.map((row) => row.oid);
}

/**
 * Looks at what has come to the table since `known` was read, and drops it if it is invalid. Returns whether the index is
 * there and whole.
 */
export async function settleConcurrentIndex(
  client: pg.ClientBase,
  index: ConcurrentIndex,
  known: readonly number[],
): Promise<"whole" | "dropped" | "absent"> {
  const { rows } = await client.query<{ schema: string; name: string; valid: boolean }>(
    `select n.nspname as schema, c.relname as name, i.indisvalid as valid
       from pg_catalog.pg_index i
       join pg_catalog.pg_class c on c.oid = i.indexrelid
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where i.indrelid = pg_catalog.to_regclass($1) and i.indexrelid <> all ($2::oid[])
        and ($3::text is null or c.relname = $3)`,
    [quoteQualified(index.table), known, index.name],
  );
  if (rows.some((row) => row.valid)) return "whole";
  for (const row of rows) {
    await client.query(`drop index concurrently if exists ${quoteQualified([row.schema, row.name])}`);
  }
  return rows.length > 0 ? "dropped" : "absent";
}
