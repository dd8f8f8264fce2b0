/** In charge of running one file: in one transaction with its ledger row, or statement by statement where Postgres demands it. */
import type pg from "pg";
import { posternError } from "../base/error.ts";
import { type Statement, splitStatements } from "../postgres/split-statements.ts";
import { dropInvalidIndex } from "./drop-invalid-index.ts";
import type { MigrationFile } from "./migration-file.ts";
import { installNeededExtensions } from "./needed-extensions.ts";
import { recordMigration, recordProgress, type UnfinishedMigration } from "./tracking-table.ts";

export interface MigrationRun {
  noTransaction: boolean;
  durationMs: number;
}

/** The statement that failed, with what was thrown. */
export class StatementFailure extends Error {
  readonly statement: Statement;
  readonly reason: unknown;

  constructor(statement: Statement, reason: unknown) {
    super("a statement of a migration failed");
    this.statement = statement;
    this.reason = reason;
  }
}

const directive = /^\s*--\s*postern:no-transaction\s*$/m;

/** How a file will be run. @throws SqlSyntaxError, StatementFailure for a statement that no migration can have */
export async function prepareMigration(
  sql: string,
): Promise<{ statements: Statement[]; noTransaction: boolean }> {
  const statements = withoutWrapping(await splitStatements(sql));
  for (const statement of statements) refuseUnfit(statement);
  return {
    statements,
    noTransaction: directive.test(sql) || statements.some((statement) => statement.needsNoTransaction),
  };
}

/** @throws StatementFailure, SqlSyntaxError; nothing of a file in a transaction stays then. Y5008 */
export async function runMigration(
  client: pg.Client,
  file: MigrationFile,
  unfinished: UnfinishedMigration | undefined,
  signal?: AbortSignal,
): Promise<MigrationRun> {
  const { statements, noTransaction } = await prepareMigration(file.sql);
  const startedAt = performance.now();
  const durationMs = () => Math.round(performance.now() - startedAt);
  if (noTransaction) await runOutside(client, file, statements, firstStatement(file, unfinished), signal);
  else await runInside(client, file, statements, durationMs, signal);
  if (noTransaction)
    await recordMigration(client, {
      name: file.name,
      checksum: file.checksum,
      durationMs: durationMs(),
      noTransaction,
    });
  return { noTransaction, durationMs: durationMs() };
}

async function runInside(
  client: pg.Client,
  file: MigrationFile,
  statements: readonly Statement[],
  durationMs: () => number,
  signal?: AbortSignal,
): Promise<void> {
  await client.query("begin");
  try {
    await installNeededExtensions(client, file.sql);
    for (const statement of statements) await runStatement(client, statement, signal);
    // A file may have taken another role; the ledger is written as the owner.
    await client.query("reset session authorization");
    await recordMigration(client, {
      name: file.name,
      checksum: file.checksum,
      durationMs: durationMs(),
      noTransaction: false,
    });
    await commit(client, statements);
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

/** Deferred constraints are checked here: what fails now is the file's failure. */
async function commit(client: pg.Client, statements: readonly Statement[]): Promise<void> {
  try {
    await client.query("commit");
  } catch (error) {
    const last = statements.at(-1);
    throw last ? new StatementFailure(last, error) : error;
  }
}

/** After each statement the ledger says how many are done, so a run that is cut off is continued and not repeated. */
async function runOutside(
  client: pg.Client,
  file: MigrationFile,
  statements: readonly Statement[],
  from: number,
  signal?: AbortSignal,
): Promise<void> {
  const note = (done: number, running: boolean) =>
    recordProgress(client, {
      name: file.name,
      checksum: file.checksum,
      statementsDone: done,
      statementRunning: running,
      knownIndexes: [],
    });
  if (from === 0) await installNeededExtensions(client, file.sql);
  for (const [index, statement] of statements.entries()) {
    if (index < from) continue;
    if (statement.concurrentIndex) await dropInvalidIndex(client, statement.concurrentIndex);
    if (index > 0) await note(index, true);
    await runStatement(client, statement, signal);
    await note(index + 1, false);
  }
  await client.query("reset session authorization");
}

function firstStatement(file: MigrationFile, unfinished: UnfinishedMigration | undefined): number {
  if (unfinished === undefined || unfinished.statementsDone === 0) return 0;
  if (unfinished.checksum === file.checksum) return unfinished.statementsDone;
  throw posternError("Y5008", `${file.name} was applied in part and changed since.`, {
    detail: `${unfinished.statementsDone} of its statements ran outside a transaction and cannot be taken back.`,
    hint: "Put the file back as it was and run again; write what is new as another migration.",
  });
}

async function runStatement(client: pg.Client, statement: Statement, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await client.query(statement.text);
  } catch (error) {
    throw new StatementFailure(statement, error);
  }
}

/** A file that is one BEGIN … COMMIT means what Postern does anyway. */
function withoutWrapping(statements: Statement[]): Statement[] {
  const wrapped =
    statements.length >= 2 &&
    statements[0]!.transactionControl === "begin" &&
    statements.at(-1)!.transactionControl === "commit";
  return wrapped ? statements.slice(1, -1) : statements;
}

function refuseUnfit(statement: Statement): void {
  if (statement.transactionControl !== null) {
    throw new StatementFailure(
      statement,
      posternError("Y5007", "A migration is one transaction already and cannot begin or end one.", {
        hint: "Remove the statement, or split the file.",
      }),
    );
  }
  if (statement.copiesFromStdin) {
    throw new StatementFailure(
      statement,
      posternError("Y5007", "COPY … FROM STDIN cannot be part of a migration.", {
        hint: "Write the rows as INSERT.",
      }),
    );
  }
}
