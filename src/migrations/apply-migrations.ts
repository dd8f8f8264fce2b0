/** In charge of bringing a database up to date: one migrator at a time, file by file, in the order of their names. */
import type { MigrateOptions, MigrateResult, MigrationOutcome } from "@postern/sdk/protocol";
import type pg from "pg";
import { applyFile } from "./apply-file.ts";
import { recordBaseline, refuseForeignLedger } from "./baseline/record-baseline.ts";
import type { MigrationFile } from "./migration-file.ts";
import { withMigrationLock } from "./migration-lock.ts";
import { notRun } from "./migration-outcome.ts";
import type { MigrationSession } from "./migration-session.ts";
import {
  type PlannedMigration,
  planMigrations,
  refuseDrift,
  refuseOutOfOrder,
  remarksOn,
  upTo,
} from "./plan-migrations.ts";
import { refusePooler } from "./refuse-pooler.ts";
import { retryLocked, type TableLockLimit } from "./retry-locked.ts";
import { takeOverLedger } from "./take-over-ledger.ts";
import { ensureLedger, readLedger, readUnfinished } from "./tracking-table.ts";

export interface ApplyOptions {
  /** Stops the statement that runs; its file is rolled back, and the signal's reason is thrown. */
  signal?: AbortSignal | undefined;
  /** How long another migrator is waited for. */
  lockTimeoutMs?: number | undefined;
  /** The last file to apply. */
  to?: string | undefined;
  /** A pending file that comes before an applied one is refused. */
  strict?: boolean | undefined;
  /** How long a statement may wait for a table's lock; its file is rolled back then, and tried again a few times. */
  tableLock?: TableLockLimit | undefined;
  /** Nothing runs: what is there already is noted as applied. */
  baseline?: boolean | undefined;
  /** Before each file that is pending; what it returns is awaited. */
  onProgress?: ((progress: MigrationProgress) => unknown) | undefined;
  /** At the end of a file that is one transaction, which is still open. */
  beforeCommit?: ((file: MigrationFile) => Promise<void>) | undefined;
}

export interface MigrationProgress {
  /** Pending files that are behind. */
  done: number;
  total: number;
  /** The one that begins now. */
  file: string;
}

/** As they travel. */
export const applyOptions = ({ to, strict, lock_timeout_ms, baseline }: MigrateOptions): ApplyOptions => ({
  to,
  strict,
  baseline,
  tableLock: lock_timeout_ms === undefined ? undefined : { timeoutMs: lock_timeout_ms },
});

/**
 * `client` is a direct connection of the database's owner for this alone: its settings are reset. A file that fails ends
 * the run; the result says what was applied, what failed and where, and what was not run.
 * @throws Y5001 Y5003 Y5008 Y3035 Y3036 Y3038 Y3039 before anything of a file runs; faults of the connection
 */
export async function applyMigrations(
  client: pg.ClientBase,
  files: readonly MigrationFile[],
  options: ApplyOptions = {},
): Promise<MigrateResult> {
  await refusePooler(client);
  const session = { client, signal: options.signal, beforeCommit: options.beforeCommit };
  return withMigrationLock(session, options.lockTimeoutMs ?? 10_000, async () => {
    await ensureLedger(client);
    const notes = await takeOverLedger(client, files);
    const plan = planMigrations(files, await readLedger(client));
    refuseDrift(plan);
    if (options.strict) refuseOutOfOrder(plan);
    notes.push(...remarksOn(plan));
    const pending = upTo(plan, options.to);
    if (!options.baseline) await refuseForeignLedger(client, plan, pending);
    const migrations = options.baseline
      ? await recordBaseline(client, pending, options.to !== undefined, notes)
      : await applyPending(session, pending, options);
    const applied = migrations.filter(({ outcome }) => outcome === "applied").length;
    return { total: files.length, already_applied: countApplied(plan), applied, migrations, notes };
  });
}

const countApplied = (plan: readonly PlannedMigration[]): number =>
  plan.filter(({ state }) => state === "applied").length;

async function applyPending(
  session: MigrationSession,
  pending: readonly MigrationFile[],
  { onProgress, tableLock }: ApplyOptions,
): Promise<MigrationOutcome[]> {
  if (pending.length === 0) return [];
  const outcomes = pending.map(notRun);
  for (const [index, file] of pending.entries()) {
    await onProgress?.({ done: index, total: pending.length, file: file.name });
    outcomes[index] = await retryLocked(session, tableLock, async () => {
      const row = (await readUnfinished(session.client)).find(({ name }) => name === file.name);
      return applyFile(session, file, row);
    });
    if (outcomes[index].outcome === "failed") break;
  }
  return outcomes;
}
