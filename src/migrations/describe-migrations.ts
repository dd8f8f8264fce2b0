/** In charge of saying how a database stands towards a set of files, without running anything. */
import type { AppliedMigration, MigrationState } from "@postern/sdk/protocol";
import type pg from "pg";
import type { MigrationFile } from "./migration-file.ts";
import { planMigrations } from "./plan-migrations.ts";
import { prepareMigration } from "./run-migration.ts";
import { type LedgerRow, readLedger } from "./tracking-table.ts";

/** In the order of their names, those whose files are gone included. */
export async function describeMigrations(
  client: pg.Client,
  files: readonly MigrationFile[],
): Promise<MigrationState[]> {
  const plan = planMigrations(files, await readLedger(client));
  const states: MigrationState[] = [
    ...plan.applied.map((row) => ofRow(row, "applied")),
    ...plan.missing.map((row) => ofRow(row, "missing")),
    ...plan.changed.map((file) => ofFile(file, "changed")),
  ];
  for (const { file } of plan.pending) states.push({ ...ofFile(file, "pending"), plan: await planOf(file) });
  return states.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function listApplied(client: pg.Client): Promise<AppliedMigration[]> {
  const ledger = await readLedger(client);
  return ledger
    .filter((row) => row.statements_done === null)
    .map(({ name, checksum, applied_at, duration_ms }) => ({
      name,
      checksum,
      applied_at: applied_at.toISOString(),
      duration_ms,
    }));
}

/** Null for a file that cannot be run as it is; running it tells why. */
async function planOf(file: MigrationFile): Promise<MigrationState["plan"]> {
  try {
    const { statements, noTransaction } = await prepareMigration(file.sql);
    return { statements: statements.length, no_transaction: noTransaction };
  } catch {
    return null;
  }
}

const ofRow = (row: LedgerRow, state: MigrationState["state"]): MigrationState => ({
  name: row.name,
  state,
  checksum: row.checksum,
  applied_at: row.applied_at.toISOString(),
  duration_ms: row.duration_ms,
  plan: null,
});

const ofFile = (file: MigrationFile, state: MigrationState["state"]): MigrationState => ({
  name: file.name,
  state,
  checksum: file.checksum,
  applied_at: null,
  duration_ms: null,
  plan: null,
});
