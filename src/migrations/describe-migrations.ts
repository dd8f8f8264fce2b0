/** In charge of saying how a database stands towards a set of files, without changing anything. */
import type { AppliedMigration, MigrationState } from "@postern/sdk/protocol";
import type pg from "pg";
import { MigrationFailure } from "./migration-failure.ts";
import type { MigrationFile } from "./migration-file.ts";
import { readMigrationScript } from "./migration-script.ts";
import { type PlannedMigration, planMigrations } from "./plan-migrations.ts";
import { readForeignLedger } from "./take-over-ledger.ts";
import { type LedgerRow, ledgerExists, readLedger, readUnfinished } from "./tracking-table.ts";

/** In the order of application, those whose files are gone included. */
export async function describeMigrations(
  client: pg.ClientBase,
  files: readonly MigrationFile[],
): Promise<MigrationState[]> {
  const plan = planMigrations(files, await readAnyLedger(client, files));
  const unfinished = (await ledgerExists(client)) ? await readUnfinished(client) : [];
  const done = new Map(unfinished.map((row) => [row.name, row.statementsDone]));
  const states: MigrationState[] = [];
  for (const migration of plan) states.push(await describe(migration, done.get(migration.name) ?? 0));
  return states;
}

export async function listApplied(client: pg.ClientBase): Promise<AppliedMigration[]> {
  return (await readAnyLedger(client, [])).map((row) => ({
    name: row.name,
    checksum: row.checksum,
    applied_at: row.appliedAt.toISOString(),
    duration_ms: row.durationMs,
  }));
}

/** Postern's ledger, or what would be taken over into it. */
async function readAnyLedger(client: pg.ClientBase, files: readonly MigrationFile[]): Promise<LedgerRow[]> {
  const own = (await ledgerExists(client)) ? await readLedger(client) : [];
  return own.length > 0 ? own : (await readForeignLedger(client, files)).rows;
}

async function describe(
  { name, state, file, applied }: PlannedMigration,
  statementsDone: number,
): Promise<MigrationState> {
  return {
    name,
    state,
    checksum: (file ?? applied)!.checksum,
    applied_at: applied?.appliedAt.toISOString() ?? null,
    duration_ms: applied?.durationMs ?? null,
    ...(state === "pending" && file !== null
      ? await planOf(file, statementsDone)
      : { plan: null, error: null }),
  };
}

async function planOf(
  file: MigrationFile,
  statementsDone: number,
): Promise<Pick<MigrationState, "plan" | "error">> {
  try {
    const { statements, noTransaction } = await readMigrationScript(file);
    const plan = {
      statements: statements.length,
      no_transaction: noTransaction || statementsDone > 0,
      statements_done: statementsDone,
    };
    return { plan, error: null };
  } catch (error) {
    if (!(error instanceof MigrationFailure)) throw error;
    return { plan: null, error: error.body };
  }
}
