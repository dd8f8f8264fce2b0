/**
 * In charge of people who come from another tool: what its ledger says is applied is taken over, once, into a ledger that
 * is still empty.
 */
import type pg from "pg";
import { quoteQualified } from "../postgres/identifier.ts";
import type { MigrationFile } from "./migration-file.ts";
import { type LedgerRow, readLedger, recordTakenOver } from "./tracking-table.ts";

const sources = [
  { table: ["public", "_ccp_migrations"], columns: ["name"] },
  { table: ["public", "schema_migrations"], columns: ["name", "checksum", "applied_at"] },
];

/** What `takeOverLedger` would record, and what is to be said about it. */
export interface ForeignLedger {
  rows: LedgerRow[];
  notes: string[];
}

/** Returns what is to be said about it. */
export async function takeOverLedger(
  client: pg.ClientBase,
  files: readonly MigrationFile[],
): Promise<string[]> {
  if ((await readLedger(client)).length > 0) return [];
  const { rows, notes } = await readForeignLedger(client, files);
  if (rows.length > 0) await recordTakenOver(client, rows);
  return notes;
}

/** Both kinds may be there; the first row of a name counts. */
export async function readForeignLedger(
  client: pg.ClientBase,
  files: readonly MigrationFile[],
): Promise<ForeignLedger> {
  const rows = new Map<string, LedgerRow>();
  const notes: string[] = [];
  for (const { table, columns } of sources) {
    const found = (await readRows(client, table, columns)).map((row) => toLedgerRow(row, files));
    if (found.length === 0) continue;
    const adopted = adoptChecksums(found, files);
    for (const row of adopted.rows) if (!rows.has(row.name)) rows.set(row.name, row);
    const count = `${found.length} applied ${found.length === 1 ? "migration" : "migrations"}`;
    notes.push(
      `${count} taken over from ${table.join(".")}${adopted.own ? "" : ", with the checksums of the files as they are"}.`,
    );
  }
  return { rows: [...rows.values()], notes };
}

interface ForeignRow {
  name: string;
  checksum?: unknown;
  applied_at?: string;
}

async function readRows(client: pg.ClientBase, table: string[], columns: string[]): Promise<ForeignRow[]> {
  const name = quoteQualified(table);
  const { rows: present } = await client.query<{ name: string }>(
    `select attname as name from pg_catalog.pg_attribute
      where attrelid = pg_catalog.to_regclass($1) and attnum > 0 and not attisdropped`,
    [name],
  );
  if (!columns.every((column) => present.some((attribute) => attribute.name === column))) return [];
  const { rows } = await client.query<{ row: ForeignRow }>(
    `select pg_catalog.to_jsonb(old) as row from ${name} as old where old.name is not null`,
  );
  return rows.map(({ row }) => row);
}

/** Some tools write the name without its ending. */
function toLedgerRow(row: ForeignRow, files: readonly MigrationFile[]): LedgerRow {
  const name = String(row.name);
  const file = files.find((candidate) => candidate.name === name || candidate.name === `${name}.sql`);
  const appliedAt = new Date(row.applied_at ?? Number.NaN);
  return {
    name: file?.name ?? name,
    checksum: typeof row.checksum === "string" ? row.checksum.toLowerCase() : "",
    appliedAt: Number.isNaN(appliedAt.getTime()) ? new Date() : appliedAt,
    durationMs: 0,
    noTransaction: false,
  };
}

/**
 * The other tool's checksums are kept when they are of the same kind as Postern's, which shows when one of them fits its
 * file: then one that does not fit means a changed file. Otherwise the files are taken as they are now.
 */
function adoptChecksums(
  rows: readonly LedgerRow[],
  files: readonly MigrationFile[],
): { rows: LedgerRow[]; own: boolean } {
  const checksums = new Map(files.map((file) => [file.name, file.checksum]));
  const own = rows.some((row) => row.checksum === checksums.get(row.name));
  return {
    own,
    rows: rows.map((row) => (own ? row : { ...row, checksum: checksums.get(row.name) ?? row.checksum })),
  };
}
