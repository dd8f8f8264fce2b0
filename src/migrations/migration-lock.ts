/** In charge of one migrator at a time: an advisory lock of the session that migrates. */
import type pg from "pg";
import { sleep } from "../base/clock.ts";
import { posternError } from "../base/error.ts";
import type { MigrationSession } from "./migration-session.ts";

/** "Postern" in ASCII: any number that nobody else locks. */
const lockKey = 0x506f737465726en;
const askEveryMs = 50;

const holders = `
  select pid from pg_catalog.pg_locks
   where locktype = 'advisory' and objsubid = 1 and granted
     and database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
     and classid::bigint << 32 | objid::bigint = $1`;

/** @throws Y5003 telling who holds the lock, when it is not free in time */
export async function withMigrationLock<Result>(
  session: MigrationSession,
  timeoutMs: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const { client } = session;
  if (!(await tryMigrationLock(client))) await waitForLock(session, timeoutMs);
  try {
    return await work();
  } finally {
    // A connection that is lost has released it.
    await client.query("select pg_catalog.pg_advisory_unlock($1)", [lockKey]).catch(() => {});
  }
}

/** Takes the lock unless this session has it: a file could have released it, by pg_advisory_unlock_all(). */
export async function tryMigrationLock(client: pg.ClientBase): Promise<boolean> {
  // An advisory lock counts how often it was taken; it is taken once, so that releasing it once is enough.
  const { rows } = await client.query<{ locked: boolean }>(
    `select case when exists (select from (${holders}) as held where pid = pg_catalog.pg_backend_pid())
                 then true else pg_catalog.pg_try_advisory_lock($1) end as locked`,
    [lockKey],
  );
  return rows[0]!.locked;
}

/**
 * Asks again and again instead of waiting inside the server: a statement that waits holds a snapshot, and what the other
 * migrator runs may be CREATE INDEX CONCURRENTLY, which waits for every older snapshot to go. Each would wait for the other.
 */
async function waitForLock({ client, signal }: MigrationSession, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await tryMigrationLock(client))) {
    signal?.throwIfAborted();
    if (performance.now() > deadline) {
      throw posternError("Y5003", "Another migration of this database is running.", {
        detail: `Waited ${timeoutMs / 1000} s for it.${await describeHolder(client)}`,
        hint: "Run it again when the other has ended.",
      });
    }
    await sleep(askEveryMs);
  }
}

/** What pg_stat_activity shows of the other session: nothing, where this role may not look. */
async function describeHolder(client: pg.ClientBase): Promise<string> {
  const { rows } = await client
    .query<{ pid: number; role: string; application: string; since: Date }>(
      `select a.pid, a.usename as role, a.application_name as application, a.backend_start as since
         from (${holders}) as held join pg_catalog.pg_stat_activity a using (pid)`,
      [lockKey],
    )
    .catch(() => ({ rows: [] }));
  return rows
    .map(
      ({ pid, role, application, since }) =>
        ` Process ${pid} (role ${role}, application "${application}") holds the lock; it connected at ${since.toISOString()}.`,
    )
    .join("");
}
