/** In charge of a file that is one transaction: its statements and its row in the ledger commit together or not at all. */
import { posternError } from "../base/error.ts";
import { migrationFailure } from "./migration-failure.ts";
import type { MigrationScript } from "./migration-script.ts";
import { asSessionUser, type MigrationSession, rollBack, runStatement } from "./migration-session.ts";
import { installNeededExtensions } from "./needed-extensions.ts";

/** @throws MigrationFailure, after which nothing of the file is left */
export async function applyInTransaction(
  session: MigrationSession,
  script: MigrationScript,
  report: (note: string) => void,
): Promise<{ durationMs: number }> {
  const { client } = session;
  const { file, statements } = script;
  const startedAt = performance.now();
  await client.query(script.opening);
  try {
    const transaction = await currentTransaction(session);
    await installNeededExtensions(session, script, report);
    for (const statement of statements) await runStatement(session, file, statement);
    await client.query(asSessionUser);
    const durationMs = Math.round(performance.now() - startedAt);
    const { rowCount } = await client.query(
      session.undoes === undefined
        ? `select postern.record_migration($2, $3, $4, false) where pg_catalog.txid_current()::pg_catalog.text = $1`
        : "select postern.forget_migration($2) where pg_catalog.txid_current()::pg_catalog.text = $1",
      session.undoes === undefined
        ? [transaction, file.name, file.checksum, durationMs]
        : [transaction, session.undoes],
    );
    await session.beforeCommit?.(file);
    if (rowCount === 0) throw posternError("Y5007", `${file.name} left the transaction that it runs in.`);
    await client.query("commit");
    return { durationMs };
  } catch (error) {
    await rollBack(session);
    // What fails at the commit (a deferred constraint) is the file's as well, though of no one statement.
    throw migrationFailure(file, error);
  }
}

/** The file's statements cannot end this transaction; that it is still the same one is checked all the same. */
async function currentTransaction({ client }: MigrationSession): Promise<string> {
  const { rows } = await client.query<{ id: string }>("select pg_catalog.txid_current()::text as id");
  return rows[0]!.id;
}
