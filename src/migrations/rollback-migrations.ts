/** In charge of taking migrations back by their down files: the last applied first, each with its row in the ledger. */
import type { MigrateResult, MigrationOutcome } from "@postern/sdk/protocol";
import type pg from "pg";
import { posternError } from "../base/error.ts";
import { applyFile } from "./apply-file.ts";
import { downName } from "./migration-directory.ts";
import type { MigrationFile } from "./migration-file.ts";
import { withMigrationLock } from "./migration-lock.ts";
import { findMigration } from "./plan-migrations.ts";
import { refusePooler } from "./refuse-pooler.ts";
import { retryLocked, type TableLockLimit } from "./retry-locked.ts";
import {
  ensureFullLedger,
  type LedgerRow,
  ledgerExists,
  readLedger,
  readUnfinished,
} from "./tracking-table.ts";

export interface RollbackOptions {
  /** How many; 1 when neither is said. */
  steps?: number | undefined;
  /** The last that stays applied. */
  to?: string | undefined;
  signal?: AbortSignal | undefined;
  tableLock?: TableLockLimit | undefined;
}

/** Names, in the order in which they are taken back. Changes nothing. @throws Y3035 Y3037 */
export async function planRollback(
  client: pg.ClientBase,
  downs: readonly MigrationFile[],
  options: RollbackOptions,
): Promise<string[]> {
  const ledger = (await ledgerExists(client)) ? await readLedger(client) : [];
  const names = chooseRows(ledger, options).map(({ name }) => name);
  const without = names.filter((name) => !downs.some((down) => down.name === name));
  if (without.length > 0) {
    throw posternError("Y3037", `${without.join(", ")} cannot be taken back: there is no down file.`, {
      detail: `Wanted: ${without.map(downName).join(", ")}. Nothing was taken back.`,
      hint: "Write the file, or make the change in a new migration: `postern db new NAME`.",
    });
  }
  return names;
}

/** @param downs by the names of the migrations that they take back @throws Y3035 Y3037 Y5003 before anything runs */
export async function rollbackMigrations(
  client: pg.ClientBase,
  downs: readonly MigrationFile[],
  options: RollbackOptions = {},
): Promise<MigrateResult> {
  await refusePooler(client);
  const { signal, tableLock } = options;
  return withMigrationLock({ client, signal }, 10_000, async () => {
    await ensureFullLedger(client);
    const total = (await readLedger(client)).length;
    const names = await planRollback(client, downs, options);
    const migrations: MigrationOutcome[] = [];
    for (const name of names) {
      const failed = migrations.some(({ outcome }) => outcome === "failed");
      const down = downs.find((candidate) => candidate.name === name)!;
      const file = { ...down, name: downName(name) };
      const outcome = failed
        ? {
            name,
            outcome: "not_run" as const,
            duration_ms: null,
            no_transaction: false,
            error: null,
            notes: [],
          }
        : await retryLocked({ client, signal }, tableLock, async () => {
            const unfinished = (await readUnfinished(client)).find((row) => row.name === file.name);
            return applyFile({ client, signal, undoes: name }, file, unfinished);
          });
      migrations.push({
        ...outcome,
        name,
        outcome: outcome.outcome === "applied" ? "undone" : outcome.outcome,
      });
    }
    return { total, already_applied: total, applied: 0, migrations, notes: [] };
  });
}

/** In the reverse of the order in which they were applied. */
function chooseRows(ledger: readonly LedgerRow[], { steps, to }: RollbackOptions): LedgerRow[] {
  const last = ledger
    .map((row, place) => ({ row, place }))
    .sort((a, b) => b.row.appliedAt.getTime() - a.row.appliedAt.getTime() || b.place - a.place)
    .map(({ row }) => row);
  if (to === undefined) return last.slice(0, steps ?? 1);
  const stays = findMigration(
    ledger.map(({ name }) => name),
    to,
  );
  return last.slice(
    0,
    last.findIndex(({ name }) => name === stays),
  );
}
