/** In charge of a file that waited too long for a lock: it gives way, lets the others pass, and is tried again. */
import type { MigrationOutcome } from "@postern/sdk/protocol";
import type pg from "pg";
import { sleep } from "../base/clock.ts";
import type { MigrationSession } from "./migration-session.ts";

export interface TableLockLimit {
  timeoutMs: number;
  tries?: number | undefined;
  /** Before the second try; each later pause is twice as long, up to five seconds. */
  pauseMs?: number | undefined;
}

export async function retryLocked(
  session: MigrationSession,
  limit: TableLockLimit | undefined,
  apply: () => Promise<MigrationOutcome>,
): Promise<MigrationOutcome> {
  if (limit === undefined) return apply();
  const { timeoutMs, tries = 10, pauseMs = 100 } = limit;
  for (let attempt = 1; ; attempt += 1) {
    await session.client.query(`set lock_timeout = ${Math.round(timeoutMs)}`);
    const outcome = await apply();
    if (outcome.error?.code !== "55P03") {
      return attempt === 1 || outcome.outcome === "failed" ? outcome : told(outcome, attempt);
    }
    if (attempt === tries) return explained(outcome, tries, await describeLongest(session.client));
    session.signal?.throwIfAborted();
    await sleep(Math.min(pauseMs * 2 ** (attempt - 1), 5_000));
  }
}

const told = (outcome: MigrationOutcome, attempt: number): MigrationOutcome => ({
  ...outcome,
  notes: [...outcome.notes, `It waited for a lock and was tried ${attempt} times.`],
});

function explained(outcome: MigrationOutcome, tries: number, longest: string): MigrationOutcome {
  const error = outcome.error!;
  const detail = [error.detail, `Tried ${tries} times.`, longest].filter((text) => text).join(" ");
  const hint = "Run it again when the other has ended, or end it: select pg_terminate_backend(PID).";
  return { ...outcome, error: { ...error, detail, hint } };
}

/** Who may hold the lock: the other transactions of this database that have been open for longest. */
async function describeLongest(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ pid: number; role: string; application: string; since: Date }>(
    `select pid, usename as role, application_name as application, xact_start as since
       from pg_catalog.pg_stat_activity
      where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid() and xact_start is not null
      order by xact_start limit 3`,
  );
  const sessions = rows.map(
    ({ pid, role, application, since }) =>
      `process ${pid} (role ${role}, application "${application}", in a transaction since ${since.toISOString()})`,
  );
  return sessions.length === 0 ? "" : `It may be held by ${sessions.join(", ")}.`;
}
