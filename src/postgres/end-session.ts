/** In charge of ending one session of a database, or only what it runs, with the word on why it could not be. */
import type pg from "pg";
import { sleep } from "../base/clock.ts";
import { hasCode, posternError } from "../base/error.ts";

export interface EndedSession {
  pid: number;
  user: string;
  application: string;
  /** What it did when it was ended. */
  state: string | null;
  statement: string | null;
  action: "ended" | "canceled";
}

const findSql = `
  select pid, usename as user, coalesce(nullif(application_name, ''), backend_type) as application, state, backend_type,
         case when query <> '<insufficient privilege>' then left(regexp_replace(query, '\\s+', ' ', 'g'), 200) end as statement
    from pg_stat_activity where pid = $1 and datname = current_database()`;

const waitMs = 5_000;

/** @throws Y9010 no such session, Y9011 not this one */
export async function endSession(
  client: pg.ClientBase,
  pid: number,
  { onlyStatement }: { onlyStatement: boolean },
): Promise<EndedSession> {
  const { rows } = await client.query<EndedSession & { backend_type: string | null }>(findSql, [pid]);
  const [session] = rows;
  if (!session) throw noSession(pid);
  const { rows: own } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  if (own[0]!.pid === pid) throw posternError("Y9011", `Session ${pid} is this command's own.`);
  if (session.backend_type !== null && session.backend_type !== "client backend") {
    throw posternError(
      "Y9011",
      `Process ${pid} is no client's session but Postgres's own: ${session.backend_type}.`,
    );
  }
  const call = onlyStatement ? "pg_cancel_backend" : "pg_terminate_backend";
  const done = await client
    .query<{ done: boolean }>(`select ${call}($1) as done`, [pid])
    .catch((error: unknown) => {
      if (!hasCode(error, "42501")) throw error;
      throw posternError("Y9011", `Session ${pid} is of the role ${session.user}, which you may not end.`, {
        hint: "Connect as that role, as a member of it, or as a member of pg_signal_backend.",
        cause: error,
      });
    });
  if (!done.rows[0]!.done) throw noSession(pid);
  if (!onlyStatement) await untilGone(client, pid);
  const { user, application, state, statement } = session;
  return { pid, user, application, state, statement, action: onlyStatement ? "canceled" : "ended" };
}

/** A session that is told to end rolls back first. */
async function untilGone(client: pg.ClientBase, pid: number): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline) {
    // Within a transaction the list would stay what it was.
    const { rowCount } = await client.query(findSql, [pid]);
    if (rowCount === 0) return;
    await sleep(20);
  }
}

const noSession = (pid: number) =>
  posternError("Y9010", `There is no session ${pid} in this database.`, {
    hint: "`postern db inspect activity` lists them.",
  });
