/** In charge of one file of a run: in a transaction or statement by statement, and nothing of it in the next one's session. */
import type { MigrationOutcome } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { applyInTransaction } from "./apply-in-transaction.ts";
import { applyStatementByStatement } from "./apply-statement-by-statement.ts";
import { MigrationFailure } from "./migration-failure.ts";
import type { MigrationFile } from "./migration-file.ts";
import { tryMigrationLock } from "./migration-lock.ts";
import { outcomeOf } from "./migration-outcome.ts";
import { readMigrationScript } from "./migration-script.ts";
import { type MigrationSession, resetSession } from "./migration-session.ts";
import type { UnfinishedMigration } from "./tracking-table.ts";

/** @throws what the file is not to blame for */
export async function applyFile(
  session: MigrationSession,
  file: MigrationFile,
  unfinished: UnfinishedMigration | undefined,
): Promise<MigrationOutcome> {
  const notes: string[] = [];
  const report = (note: string) => notes.push(note);
  let noTransaction = false;
  try {
    session.signal?.throwIfAborted();
    const script = await readMigrationScript(file);
    noTransaction = script.noTransaction || unfinished !== undefined;
    await keepLock(session, file);
    const { durationMs } = noTransaction
      ? await applyStatementByStatement(session, script, unfinished, report)
      : await applyInTransaction(session, script, report);
    return outcomeOf(file, {
      outcome: "applied",
      duration_ms: durationMs,
      no_transaction: noTransaction,
      notes,
    });
  } catch (thrown) {
    if (!(thrown instanceof MigrationFailure)) throw thrown;
    return outcomeOf(file, { outcome: "failed", no_transaction: noTransaction, error: thrown.body, notes });
  } finally {
    await resetSession(session).catch(() => {});
  }
}

/** The file before this one may have released the lock, and another migrator may be at work. */
async function keepLock({ client }: MigrationSession, file: MigrationFile): Promise<void> {
  if (await tryMigrationLock(client)) return;
  throw posternError("Y5003", `Another migration of this database began before ${file.name}.`, {
    detail:
      "A migration released the lock that keeps other migrations out, by pg_advisory_unlock_all() or the like.",
    hint: "Run it again when the other has ended.",
  });
}
