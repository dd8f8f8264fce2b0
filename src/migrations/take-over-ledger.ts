/** In charge of people who come from another tool: what its ledger says is applied is not run again. */
import type pg from "pg";
import type { MigrationFile } from "./migration-file.ts";
import { recordTakenOver } from "./tracking-table.ts";

const foreignLedgers = ["public._ccp_migrations", "public.schema_migrations"];

/** Notes files that another ledger knows by name as applied; for an empty ledger only. Returns how many. */
export async function takeOverLedger(client: pg.Client, files: readonly MigrationFile[]): Promise<number> {
  const known = new Map<string, Date>();
  for (const table of foreignLedgers) {
    const columns = await columnsOf(client, table);
    if (!columns.includes("name")) continue;
    const time = columns.includes("applied_at") ? "applied_at::timestamptz" : "now()";
    const { rows } = await client.query<{ name: string; at: Date }>(
      `select name::text as name, ${time} as at from ${table}`,
    );
    for (const row of rows) known.set(row.name, row.at);
  }
  const taken = files.flatMap((file) => {
    const appliedAt = known.get(file.name) ?? known.get(file.name.replace(/\.sql$/, ""));
    return appliedAt === undefined
      ? []
      : [{ name: file.name, checksum: file.checksum, appliedAt, durationMs: 0, noTransaction: false }];
  });
  if (taken.length > 0) await recordTakenOver(client, taken);
  return taken.length;
}

async function columnsOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped",
    [table],
  );
  return rows.map((row) => row.name);
}
