/** In charge of bringing a database up to date: one migrator at a time, file by file, in the order of their names. */
import type { MigrateResult, MigrationOutcome } from "@postern/sdk/protocol";
import type pg from "pg";
import { sleep } from "../base/clock.ts";
import { posternError } from "../base/error.ts";
import { describeFailure } from "./describe-failure.ts";
import type { MigrationFile } from "./migration-file.ts";
import { planMigrations, refuseDrift } from "./plan-migrations.ts";
import { runMigration } from "./run-migration.ts";
import { takeOverLedger } from "./take-over-ledger.ts";
import { ensureLedger, readLedger, readUnfinished, type UnfinishedMigration } from "./tracking-table.ts";

export interface ApplyOptions {
  signal?: AbortSignal;
  /** How long another migrator is waited for. */
  lockTimeoutMs?: number;
  onProgress?: (progress: { done: number; total: number; file: string }) => void;
}

/** Key of the advisory lock; any constant that nobody else uses. */
const lockKey = "7075626167201";

/**
 * `client` is a direct connection as the database's owner, for this alone. A file that fails ends the run; the result says
 * what was applied, what failed and where, what was not run. @throws Y5001 Y5003 Y5008, and faults of the connection
 */
export async function applyMigrations(
  client: pg.Client,
  files: readonly MigrationFile[],
  options: ApplyOptions = {},
): Promise<MigrateResult> {
  await lock(client, options);
  try {
    await ensureLedger(client);
    let ledger = await readLedger(client);
    if (ledger.length === 0 && (await takeOverLedger(client, files)) > 0) ledger = await readLedger(client);
    const plan = planMigrations(files, ledger);
    refuseDrift(plan);
    const pending = plan.flatMap(({ state, file }) => (state === "pending" && file !== null ? [file] : []));
    const migrations = await runAll(client, pending, options);
    return {
      total: files.length,
      already_applied: files.length - pending.length,
      applied: migrations.filter((migration) => migration.outcome === "applied").length,
      migrations,
    };
  } finally {
    await client.query(`select pg_advisory_unlock(${lockKey})`).catch(() => {});
  }
}

async function runAll(
  client: pg.Client,
  pending: readonly MigrationFile[],
  options: ApplyOptions,
): Promise<MigrationOutcome[]> {
  const unfinished = new Map((await readUnfinished(client)).map((row) => [row.name, row]));
  const outcomes: MigrationOutcome[] = [];
  let failed = false;
  for (const [index, file] of pending.entries()) {
    options.onProgress?.({ done: index, total: pending.length, file: file.name });
    const outcome: MigrationOutcome = failed
      ? notRun(file)
      : await runOne(client, file, unfinished.get(file.name), options.signal);
    failed ||= outcome.outcome === "failed";
    outcomes.push(outcome);
  }
  return outcomes;
}

async function runOne(
  client: pg.Client,
  file: MigrationFile,
  unfinished: UnfinishedMigration | undefined,
  signal?: AbortSignal,
): Promise<MigrationOutcome> {
  try {
    const { durationMs, noTransaction } = await runMigration(client, file, unfinished, signal);
    await resetSession(client);
    return {
      name: file.name,
      outcome: "applied",
      duration_ms: durationMs,
      no_transaction: noTransaction,
      error: null,
    };
  } catch (thrown) {
    const error = describeFailure(file, thrown);
    if (!error) throw (thrown as { reason?: unknown }).reason ?? thrown;
    return { name: file.name, outcome: "failed", duration_ms: null, no_transaction: false, error };
  }
}

const notRun = (file: MigrationFile): MigrationOutcome => ({
  name: file.name,
  outcome: "not_run",
  duration_ms: null,
  no_transaction: false,
  error: null,
});

/** What one file sets in the session must not reach the next. DISCARD ALL would drop the advisory lock too. */
async function resetSession(client: pg.Client): Promise<void> {
  await client.query("reset session authorization");
  await client.query("reset all");
  await client.query("close all");
  await client.query("unlisten *");
  await client.query("deallocate all");
  await client.query("discard temp");
  await client.query("discard sequences");
}

async function lock(client: pg.Client, { lockTimeoutMs = 10_000, signal }: ApplyOptions): Promise<void> {
  const deadline = performance.now() + lockTimeoutMs;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(
      `select pg_try_advisory_lock(${lockKey}) as locked`,
    );
    if (rows[0]!.locked) return;
    signal?.throwIfAborted();
    if (performance.now() > deadline) {
      throw posternError("Y5003", "Another migration of this database is running.", {
        detail: `Waited ${Math.round(lockTimeoutMs / 1000)} s for it to end.`,
        hint: "Run the command again when it has ended; `postern ops list` shows it.",
      });
    }
    await sleep(50, signal);
  }
}
