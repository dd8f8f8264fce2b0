/**
 * In charge of the ledger in a database: schema `postern`, and its functions through which rows are added.
 *
 * The engine's session is the owner of the database from its login on, because a session that logs in as a superuser and
 * takes on the owner's role can be led back by the SQL that it runs (RESET SESSION AUTHORIZATION). So what the engine may
 * do to the ledger, a migration may do as well: it can add rows by the functions, and can drop, alter or rewrite nothing.
 */
import type pg from "pg";
import { hasCode, posternError } from "../base/error.ts";
import { readSql } from "../postgres/read-sql.ts";

export interface LedgerRow {
  name: string;
  checksum: string;
  appliedAt: Date;
  durationMs: number;
  noTransaction: boolean;
}

/** A file that runs outside a transaction, from its first statement to its last. */
export interface UnfinishedMigration {
  name: string;
  /** Of the statements that have been begun. */
  checksum: string;
  statementsDone: number;
  /** One more statement has been begun; how it ended is not known. */
  statementRunning: boolean;
  /** Indexes that its table had before it was begun. */
  knownIndexes: number[];
}

export async function ledgerExists(session: pg.ClientBase): Promise<boolean> {
  const { rows } = await session.query<{ found: boolean }>(
    "select pg_catalog.to_regclass('postern.unfinished_migrations') is not null as found",
  );
  return rows[0]!.found;
}

/** The same, with what takes rows back out, which ledgers made by an earlier version lack. */
export async function ensureFullLedger(session: pg.ClientBase): Promise<void> {
  await ensureLedger(session);
  const { rows } = await session.query<{ full: boolean }>(
    "select pg_catalog.to_regprocedure('postern.accept_checksum(text,text)') is not null as full",
  );
  if (rows[0]!.full) return;
  const sql = await readSql("ledger");
  await session.query(sql).catch((error: unknown) => {
    if (!hasCode(error, "42501")) throw error;
    throw posternError(
      "Y5002",
      "The ledger of migrations was made by an earlier version, and is not this role's.",
      {
        detail: (error as Error).message,
        hint: "Run `postern db migrate` on the database first: it gives the ledger what it lacks.",
        cause: error,
      },
    );
  });
}

/** Makes the ledger where the platform has not done so before. @throws 42501 with a hint */
export async function ensureLedger(session: pg.ClientBase): Promise<void> {
  if (await ledgerExists(session)) return;
  const sql = await readSql("ledger");
  try {
    await session.query(sql);
  } catch (error) {
    if (!hasCode(error, "42501")) throw error;
    throw posternError("Y5002", "The ledger of migrations (schema postern) could not be made.", {
      detail: (error as Error).message,
      hint: "Connect as a role that may create schemas in this database: GRANT CREATE ON DATABASE … TO ….",
      cause: error,
    });
  }
}

export async function readLedger(session: pg.ClientBase): Promise<LedgerRow[]> {
  const { rows } = await session.query<LedgerRow>(`
    select name, checksum, applied_at as "appliedAt", duration_ms as "durationMs", no_transaction as "noTransaction"
      from postern.schema_migrations
     order by name collate "C"`);
  return rows;
}

export async function readUnfinished(session: pg.ClientBase): Promise<UnfinishedMigration[]> {
  const { rows } = await session.query<UnfinishedMigration>(`
    select name, checksum, statements_done as "statementsDone", statement_running as "statementRunning",
           known_indexes::int8[]::float8[] as "knownIndexes"
      from postern.unfinished_migrations`);
  return rows;
}

export async function recordMigration(
  session: pg.ClientBase,
  row: Omit<LedgerRow, "appliedAt">,
): Promise<void> {
  await session.query("select postern.record_migration($1, $2, $3, $4)", [
    row.name,
    row.checksum,
    row.durationMs,
    row.noTransaction,
  ]);
}

/** Rows of another ledger, with their own time. */
export async function recordTakenOver(session: pg.ClientBase, rows: readonly LedgerRow[]): Promise<void> {
  await session.query(
    `select postern.record_migration(name, checksum, duration_ms, no_transaction, applied_at)
       from pg_catalog.jsonb_to_recordset($1)
         as taken (name text, checksum text, duration_ms integer, no_transaction boolean, applied_at timestamptz)`,
    [
      JSON.stringify(
        rows.map((row) => ({
          name: row.name,
          checksum: row.checksum,
          duration_ms: row.durationMs,
          no_transaction: row.noTransaction,
          applied_at: row.appliedAt,
        })),
      ),
    ],
  );
}

export async function recordProgress(session: pg.ClientBase, progress: UnfinishedMigration): Promise<void> {
  await session.query("select postern.record_progress($1, $2, $3, $4, $5)", [
    progress.name,
    progress.checksum,
    progress.statementsDone,
    progress.statementRunning,
    progress.knownIndexes,
  ]);
}

/** False: it was not applied. */
export async function forgetMigration(session: pg.ClientBase, name: string): Promise<boolean> {
  const { rows } = await session.query<{ done: boolean }>("select postern.forget_migration($1) as done", [
    name,
  ]);
  return rows[0]!.done;
}

/** False: it is not applied. */
export async function acceptChecksum(
  session: pg.ClientBase,
  name: string,
  checksum: string,
): Promise<boolean> {
  const { rows } = await session.query<{ done: boolean }>("select postern.accept_checksum($1, $2) as done", [
    name,
    checksum,
  ]);
  return rows[0]!.done;
}

export async function forgetProgress(session: pg.ClientBase, name: string): Promise<void> {
  await session.query("select postern.forget_progress($1)", [name]);
}
