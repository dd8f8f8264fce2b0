/** In charge of how a file has to be run: its statements, inside a transaction or outside of one. Reads text only. */
import { posternError } from "../base/error.ts";
import { type Statement, splitStatements } from "../postgres/split-statements.ts";
import { migrationFailure } from "./migration-failure.ts";
import type { MigrationFile } from "./migration-file.ts";

export interface MigrationScript {
  file: MigrationFile;
  statements: Statement[];
  /** Postgres refuses one of the statements inside a transaction, or the file asks for it. */
  noTransaction: boolean;
  /** The file asks for it. */
  asked: boolean;
  /** The statement that opens the transaction: the file's own BEGIN, which may name an isolation level. */
  opening: string;
}

const directive = /^[ \t]*--[ \t]*postern:no-transaction[ \t]*\r?$/m;

/** @throws MigrationFailure for text that is no SQL, and for a statement that no migration can have */
export async function readMigrationScript(file: MigrationFile): Promise<MigrationScript> {
  const all = await splitStatements(file.sql).catch((error: unknown) => {
    throw migrationFailure(file, error);
  });
  // Before the first statement there are only comments.
  const asked = directive.test(file.sql.slice(0, all[0]?.start ?? file.sql.length));
  const noTransaction = asked || all.some((statement) => statement.needsNoTransaction);
  const wrapped =
    !noTransaction &&
    all.length >= 2 &&
    all[0]!.transactionControl === "begin" &&
    all.at(-1)!.transactionControl === "commit";
  const statements = wrapped ? all.slice(1, -1) : all;
  for (const statement of statements) refuseUnfit(file, statement, noTransaction);
  return { file, statements, noTransaction, asked, opening: wrapped ? all[0]!.text : "begin" };
}

function refuseUnfit(file: MigrationFile, statement: Statement, noTransaction: boolean): void {
  if (statement.copiesFromStdin) {
    const refusal = posternError("Y1011", "COPY … FROM STDIN cannot be part of a migration.", {
      hint: "Write the rows as INSERT, or load them afterwards with psql's \\copy.",
    });
    throw migrationFailure(file, refusal, statement);
  }
  const { transactionControl: control } = statement;
  if (control === null || (control === "savepoint" && !noTransaction)) return;
  const refusal = noTransaction
    ? posternError("Y5007", "A migration that runs outside a transaction cannot control one.", {
        detail:
          "One of its statements cannot run inside a transaction, or it begins with -- postern:no-transaction.",
        hint: "Remove the statement; what belongs in one transaction goes in a file of its own.",
      })
    : posternError(
        "Y5007",
        "A migration is one transaction already and cannot begin or end one in its middle.",
        {
          hint: "Remove the statement, or split the file. One BEGIN at the very start with one COMMIT at the very end is fine.",
        },
      );
  throw migrationFailure(file, refusal, statement);
}
