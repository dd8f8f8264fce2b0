/** In charge of saying how a database stands towards a set of files, without running anything. */
import type { AppliedMigration, MigrationState } from "@postern/sdk/protocol";
import type pg from "pg";
import type { MigrationFile } from "./migration-file.ts";
import { type PlannedMigration, planMigrations } from "./plan-migrations.ts";
import { prepareMigration } from "./run-migration.ts";
import { type LedgerRow, ledgerExists, readLedger } from "./tracking-table.ts";

/** In the order of application, those whose files are gone included. */
export async function describeMigrations(
  client: pg.Client,
  files: readonly MigrationFile[],
): Promise<MigrationState[]> {
  return Promise.all(planMigrations(files, await readLedgerIfAny(client)).map(describe));
}

export async function listApplied(client: pg.Client): Promise<AppliedMigration[]> {
  return (await readLedgerIfAny(client)).map((row) => ({
    name: row.name,
    checksum: row.checksum,
    applied_at: row.appliedAt.toISOString(),
    duration_ms: row.durationMs,
  }));
}

async function readLedgerIfAny(client: pg.Client): Promise<LedgerRow[]> {
  return (await ledgerExists(client)) ? readLedger(client) : [];
}

async function describe({ name, state, file, applied }: PlannedMigration): Promise<MigrationState> {
  return {
    name,
    state,
    checksum: (file ?? applied)!.checksum,
    applied_at: applied?.appliedAt.toISOString() ?? null,
    duration_ms: applied?.durationMs ?? null,
    plan: state === "pending" && file !== null ? await planOf(file) : null,
  };
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
