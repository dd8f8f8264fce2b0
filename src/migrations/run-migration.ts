/** In charge of running one file: in one transaction with its ledger row, or statement by statement where Postgres demands it. */
import type pg from "pg";
import { posternError } from "../base/error.ts";
import { type Statement, splitStatements } from "../postgres/split-statements.ts";
import { dropInvalidIndex } from "./drop-invalid-index.ts";
import { installNeededExtensions } from "./needed-extensions.ts";
import type { PendingMigration } from "./plan-migrations.ts";
import { recordMigration } from "./tracking-table.ts";

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

/** How a file will be run. @throws SqlSyntaxError Y5007 */
export async function prepareMigration(
  sql: string,
): Promise<{ statements: Statement[]; noTransaction: boolean }> {
  const statements = withoutWrapping(await splitStatements(sql));
  for (const statement of statements) refuse(statement);
  return {
    statements,
    noTransaction: directive.test(sql) || statements.some((statement) => statement.needsNoTransaction),
  };
}

/** @throws StatementFailure, SqlSyntaxError, Y5007; nothing of a file in a transaction stays then. */
export async function runMigration(
  client: pg.Client,
  pending: PendingMigration,
  signal?: AbortSignal,
): Promise<MigrationRun> {
  const { statements, noTransaction } = await prepareMigration(pending.file.sql);
  const startedAt = performance.now();
  if (noTransaction) await runOutside(client, pending, statements, signal);
  else await runInside(client, pending, statements, startedAt, signal);
  return { noTransaction, durationMs: Math.round(performance.now() - startedAt) };
}

async function runInside(
  client: pg.Client,
  { file }: PendingMigration,
  statements: Statement[],
  startedAt: number,
  signal?: AbortSignal,
): Promise<void> {
  await client.query("begin");
  try {
    await installNeededExtensions(client, file.sql);
    for (const statement of statements) await runStatement(client, statement, signal);
    // A file may have taken another role; the ledger is written as the owner.
    await client.query("reset session authorization");
    await recordMigration(client, file, {
      durationMs: performance.now() - startedAt,
      outside: false,
      done: null,
    });
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

/** After each statement the ledger says how many are done, so a run that is cut off is continued and never repeated. */
async function runOutside(
  client: pg.Client,
  { file, done }: PendingMigration,
  statements: Statement[],
  signal?: AbortSignal,
): Promise<void> {
  await installNeededExtensions(client, file.sql);
  for (const [index, statement] of statements.entries()) {
    if (index < done) continue;
    const startedAt = performance.now();
    if (statement.concurrentIndex) await dropInvalidIndex(client, statement.concurrentIndex);
    await runStatement(client, statement, signal);
    const last = index === statements.length - 1;
    await recordMigration(client, file, {
      durationMs: performance.now() - startedAt,
      outside: true,
      done: last ? null : index + 1,
    });
  }
  if (done >= statements.length)
    await recordMigration(client, file, { durationMs: 0, outside: true, done: null });
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

function refuse(statement: Statement): void {
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
