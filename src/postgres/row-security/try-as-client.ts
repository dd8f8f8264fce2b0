/** In charge of running one statement as a client would, and taking back what it did. */
import pg from "pg";
import { posternError } from "../../base/error.ts";

export interface ClientTrial {
  sql: string;
  params: readonly (string | null)[];
  /** Null for a client without a token. */
  subject: string | null;
  /** Makes `subject` the one who asks, for the transaction that has begun. */
  identify(client: pg.ClientBase): Promise<void>;
  types?: pg.CustomTypesConfig | undefined;
}

/**
 * Rows by place. The session must have nothing to lose: functions that the statement calls can leave the role again. `client` is to be
 * closed after it. @throws Y3034 where auth.uid() does not take the identity
 */
export async function tryAsClient(client: pg.ClientBase, trial: ClientTrial): Promise<pg.QueryArrayResult> {
  const { sql, params, subject } = trial;
  await client.query(subject === null ? "begin read only" : "begin");
  try {
    await client.query("set local statement_timeout = '30s'");
    await trial.identify(client);
    await client.query(`set local role ${subject === null ? "anon" : "authenticated"}`);
    if (subject !== null) await requireSubject(client, subject);
    // Postgres's own grammar admits one statement that reads or writes rows, and nothing that ends the transaction.
    await client
      .query({ text: `${prefix}${sql}`, queryMode: "extended" } as pg.QueryConfig)
      .catch((error: unknown) => {
        throw withOwnPosition(error);
      });
    const values = params.map((value) => (value === null ? "null" : pg.escapeLiteral(value))).join(", ");
    const execute = `execute _postern_trial${values === "" ? "" : ` (${values})`}`;
    return await client.query({ text: execute, types: trial.types, rowMode: "array" } as pg.QueryArrayConfig);
  } finally {
    await client.query("rollback").catch(() => {});
  }
}

const prefix = "prepare _postern_trial as ";

async function requireSubject(client: pg.ClientBase, subject: string): Promise<void> {
  const { rows: known } = await client.query<{ known: boolean }>(
    "select to_regprocedure('auth.uid()') is not null as known",
  );
  if (!known[0]!.known) return;
  const { rows } = await client.query<{ uid: string | null }>("select auth.uid()::text as uid");
  if (rows[0]!.uid === subject) return;
  throw posternError("Y3034", "auth.uid() of this database does not say who this session is to be.", {
    detail: `It says ${rows[0]!.uid === null ? "nobody" : rows[0]!.uid}.`,
    hint: "For one of Postern's databases give its name instead of --url.",
  });
}

/** Positions count from the start of what the user wrote. */
function withOwnPosition(error: unknown): unknown {
  if (error instanceof pg.DatabaseError && error.position !== undefined) {
    const position = Number(error.position) - prefix.length;
    error.position = position > 0 ? String(position) : undefined;
  }
  return error;
}
