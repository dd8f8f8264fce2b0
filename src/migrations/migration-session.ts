/** In charge of the session that a run of migrations has: its statements can be stopped, and no file leaves traces in it. */
import type pg from "pg";
import { cancelSession } from "../postgres/cancel-session.ts";
import type { Statement } from "../postgres/split-statements.ts";
import { migrationFailure } from "./migration-failure.ts";
import type { MigrationFile } from "./migration-file.ts";

/** A direct connection (not a pooler's) of the role that shall own what the migrations make, used by nobody else. */
export interface MigrationSession {
  client: pg.ClientBase;
  signal: AbortSignal | undefined;
  /** What runs takes this migration back, which is then applied no more. */
  undoes?: string | undefined;
  /** At the end of a file that is one transaction, which is still open. */
  beforeCommit?: ((file: MigrationFile) => Promise<void>) | undefined;
}

/** @throws MigrationFailure for what the file is to blame for; the signal's reason when the run was stopped */
export async function runStatement(
  session: MigrationSession,
  file: MigrationFile,
  statement: Statement,
): Promise<void> {
  // The extended protocol takes one statement at a time, whatever the server's settings make of quotes.
  const query = { text: statement.text, queryMode: "extended" } as pg.QueryConfig;
  try {
    await stoppable(session, () => session.client.query(query));
  } catch (error) {
    throw session.signal?.aborted ? error : migrationFailure(file, error, statement);
  }
}

/** Runs a query that ends when the run is stopped. @throws the signal's reason then */
async function stoppable({ client, signal }: MigrationSession, query: () => Promise<unknown>): Promise<void> {
  signal?.throwIfAborted();
  let canceling: Promise<void> | undefined;
  const stop = () => {
    canceling = cancelSession(client);
  };
  signal?.addEventListener("abort", stop);
  try {
    await query();
  } finally {
    signal?.removeEventListener("abort", stop);
    // The request may come too late for this query; it must not end the next one instead.
    await canceling;
    signal?.throwIfAborted();
  }
}

/** Ends the transaction if there is one; on a lost connection the server does so by itself. */
export async function rollBack({ client }: MigrationSession): Promise<void> {
  await client.query("rollback").catch(() => {});
}

/** For the rest of the transaction the engine is the owner again, whatever role the file took. */
export const asSessionUser = "set local session authorization default; set local role none";

/**
 * Settings, roles, temporary tables and the like of one file must not reach the next. This is DISCARD ALL without its
 * release of advisory locks, one of which keeps other migrators out.
 */
export async function resetSession({ client }: MigrationSession): Promise<void> {
  await client.query(`
    close all;
    set session authorization default;
    reset role;
    reset all;
    deallocate all;
    unlisten *;
    discard plans;
    discard temp;
    discard sequences`);
}
