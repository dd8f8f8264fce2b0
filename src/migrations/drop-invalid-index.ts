/** In charge of what a CREATE INDEX CONCURRENTLY that failed leaves: an invalid index, which would stop the next attempt. */
import type pg from "pg";
import { quoteQualified } from "../postgres/identifier.ts";

export async function dropInvalidIndex(
  client: pg.Client,
  index: { table: string[]; name: string | null },
): Promise<void> {
  if (index.name === null) return;
  const { rows } = await client.query<{ schema: string }>(
    `select n.nspname as schema
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where not i.indisvalid and i.indrelid = to_regclass($1) and c.relname = $2`,
    [quoteQualified(index.table), index.name],
  );
  for (const { schema } of rows)
    await client.query(`drop index concurrently ${quoteQualified([schema, index.name])}`);
}
