/**
 * In charge of a file that cannot be one transaction: statement by statement, with a note of how far it has come. Each
 * statement that allows it commits together with its note; for the others (CREATE INDEX CONCURRENTLY and the like) the
 * note says beforehand that one is running, so a run that was cut off is continued and not repeated.
 */
import { createHash } from "node:crypto";
import { hasCode, posternError } from "../base/error.ts";
import type { Statement } from "../postgres/split-statements.ts";
import { indexesOf, settleConcurrentIndex } from "./concurrent-index.ts";
import { MigrationFailure } from "./migration-failure.ts";
import type { MigrationScript } from "./migration-script.ts";
import { asSessionUser, type MigrationSession, rollBack, runStatement } from "./migration-session.ts";
import { installNeededExtensions } from "./needed-extensions.ts";
import {
  forgetMigration,
  forgetProgress,
  recordMigration,
  recordProgress,
  type UnfinishedMigration,
} from "./tracking-table.ts";

type Report = (note: string) => void;

/** @throws MigrationFailure, after which the statements before the failed one stay; Y5008 */
export async function applyStatementByStatement(
  session: MigrationSession,
  script: MigrationScript,
  unfinished: UnfinishedMigration | undefined,
  report: Report,
): Promise<{ durationMs: number }> {
  const { file, statements } = script;
  const startedAt = performance.now();
  if (unfinished) refuseChangedBeginning(script, unfinished);
  const done = unfinished?.statementsDone ?? 0;
  if (done > 0) report(`${file.name} was continued after the ${countOf(done)} that an earlier run did.`);
  await installNeededExtensions(session, script, report);
  for (const [index, statement] of statements.entries()) {
    if (index < done) {
      // What an earlier run set went with its session.
      if (statement.type === "VariableSetStmt") await runStatement(session, file, statement);
      continue;
    }
    const interrupted = index === done && unfinished?.statementRunning ? unfinished : undefined;
    await withDoneInHint(index, () => applyStatement(session, script, index, interrupted, report));
  }
  const durationMs = Math.round(performance.now() - startedAt);
  await asOwner(session, async () => {
    if (session.undoes !== undefined) {
      await forgetMigration(session.client, session.undoes);
      return forgetProgress(session.client, file.name);
    }
    const { name, checksum } = file;
    return recordMigration(session.client, { name, checksum, durationMs, noTransaction: true });
  });
  return { durationMs };
}

async function applyStatement(
  session: MigrationSession,
  script: MigrationScript,
  index: number,
  interrupted: UnfinishedMigration | undefined,
  report: Report,
): Promise<void> {
  const statement = script.statements[index]!;
  if (!statement.needsNoTransaction && !interrupted) {
    try {
      return await applyInItsOwnTransaction(session, script, index);
    } catch (error) {
      // What no parse tree shows: a procedure that commits, REINDEX of a partitioned table.
      if (!(error instanceof MigrationFailure && hasCode(error.body, "25001", "2D000"))) throw error;
    }
  }
  await applyOutside(session, script, index, interrupted, report);
}

async function applyInItsOwnTransaction(
  session: MigrationSession,
  script: MigrationScript,
  index: number,
): Promise<void> {
  await session.client.query("begin");
  try {
    await runStatement(session, script.file, script.statements[index]!);
    await session.client.query(asSessionUser);
    await recordProgress(session.client, progressOf(script, index + 1));
    await session.client.query("commit");
  } catch (error) {
    await rollBack(session);
    throw error;
  }
}

async function applyOutside(
  session: MigrationSession,
  script: MigrationScript,
  index: number,
  interrupted: UnfinishedMigration | undefined,
  report: Report,
): Promise<void> {
  const { client } = session;
  const statement = script.statements[index]!;
  const target = statement.concurrentIndex;
  const known = interrupted?.knownIndexes ?? (target ? await indexesOf(client, target) : []);
  const done = progressOf(script, index + 1);
  if (interrupted && target) {
    const found = await settleConcurrentIndex(client, target, known);
    if (found === "dropped") report("The invalid index that an interrupted run left was dropped.");
    if (found === "whole") return asOwner(session, () => recordProgress(client, done));
  }
  const running = { ...done, statementsDone: index, statementRunning: true, knownIndexes: known };
  await asOwner(session, () => recordProgress(client, running));
  try {
    await runStatement(session, script.file, statement);
  } catch (error) {
    if (!(interrupted && error instanceof MigrationFailure && hadSucceeded(statement, error))) {
      await settleFailed(session, script, index, known, error);
      throw error;
    }
  }
  await asOwner(session, () => recordProgress(client, done));
}

/** A statement that ended with an error is not "running" any more; the index that it may have left is no use. */
async function settleFailed(
  session: MigrationSession,
  script: MigrationScript,
  index: number,
  known: readonly number[],
  error: unknown,
): Promise<void> {
  // Lost or stopped: how it ended is not known, and the note that says so stays.
  if (!(error instanceof MigrationFailure)) return;
  const target = script.statements[index]!.concurrentIndex;
  if (target) await settleConcurrentIndex(session.client, target, known);
  await asOwner(session, () =>
    index === 0
      ? forgetProgress(session.client, script.file.name)
      : recordProgress(session.client, progressOf(script, index)),
  );
}

/** A statement that was begun twice and finds its work done was finished the first time. */
function hadSucceeded(statement: Statement, { body }: MigrationFailure): boolean {
  if (statement.type.startsWith("Create")) return hasCode(body, "42P04", "42710", "42P07");
  return /^(?:Drop|AlterTable)/.test(statement.type) && hasCode(body, "3D000", "42704", "42P01");
}

async function asOwner(session: MigrationSession, work: () => Promise<void>): Promise<void> {
  await session.client.query(`begin; ${asSessionUser}`);
  try {
    await work();
    await session.client.query("commit");
  } catch (error) {
    await rollBack(session);
    throw error;
  }
}

/** The first `begun` statements are done. */
function progressOf({ file, statements }: MigrationScript, begun: number): UnfinishedMigration {
  const texts = statements.slice(0, begun).map((statement) => statement.text);
  const checksum = createHash("sha256").update(JSON.stringify(texts)).digest("hex");
  return { name: file.name, checksum, statementsDone: begun, statementRunning: false, knownIndexes: [] };
}

/** What comes after the statements that were begun may change, so that a file which failed in its middle can be mended. */
function refuseChangedBeginning(script: MigrationScript, unfinished: UnfinishedMigration): void {
  const { name, statementsDone, statementRunning } = unfinished;
  if (progressOf(script, statementsDone + (statementRunning ? 1 : 0)).checksum === unfinished.checksum)
    return;
  throw posternError("Y5008", `${name} is applied in part, and that part of the file was changed.`, {
    detail: `Done, and not taken back: ${countOf(statementsDone)}${statementRunning ? "; one more was begun" : ""}.`,
    hint: `Put these statements back as they were: the run then goes on after them. Or undo them by hand and run: select postern.forget_progress('${name.replaceAll("'", "''")}')`,
  });
}

async function withDoneInHint(done: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof MigrationFailure && done > 0) {
      const stays = `What ran before it stays (${countOf(done)}); the next run goes on from here.`;
      error.body.hint = error.body.hint ? `${error.body.hint} ${stays}` : stays;
    }
    throw error;
  }
}

const countOf = (statements: number): string =>
  `${statements} ${statements === 1 ? "statement" : "statements"}`;
