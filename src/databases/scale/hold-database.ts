/**
 * In charge of the short time in which nobody writes to a database: clients of the pooler and requests over HTTP wait, other
 * sessions end. The tenant's roles may not log in; Postern's own may, so that a dump is possible meanwhile.
 */
import pg from "pg";
import { sleep } from "../../base/clock.ts";
import { posternError } from "../../base/error.ts";
import { clientRoles } from "../../instances/client-access.ts";
import { roleExists } from "../../instances/physical-database.ts";
import type { Platform } from "../../instances/platform.ts";
import { withAdmin } from "../../instances/with-admin.ts";
import type { QueryService } from "../../query/query-service.ts";
import { type DatabaseRow, updateDatabase } from "../../state/databases.ts";

export type Sessions = Pick<QueryService, "drainDatabase">;

const endWithinMs = 10_000;

const rolesOf = (row: DatabaseRow): string[] => {
  const { authenticated, anonymous } = clientRoles(row.database_name);
  return [row.role_name, authenticated, anonymous];
};

/** Repeatable; `releaseDatabase` ends it. @throws Y3046 when a session does not end */
export async function holdDatabase(
  platform: Platform,
  sessions: Sessions,
  row: DatabaseRow,
  status: "scaling" | "upgrading" = "scaling",
): Promise<void> {
  // Requests over HTTP look the database up anew from here on, and wait for the end of this state.
  await updateDatabase(platform.state, row.id, { status });
  await Promise.all([sessions.drainDatabase(row.id), platform.pooler.pause(row.database_name)]);
  await withAdmin(platform, row.instance_id!, "postgres", async (client) => {
    await setLogin(client, row, false);
    const deadline = performance.now() + endWithinMs;
    for (;;) {
      const { rowCount } = await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = any($1)",
        [rolesOf(row)],
      );
      if (rowCount === 0) return;
      if (performance.now() > deadline)
        throw posternError("Y3046", `Sessions of database ${row.name} do not end.`, {
          hint: "Try again; `select * from pg_stat_activity` shows them.",
        });
      await sleep(20);
    }
  });
}

/** The database is in use again where `row` says. Repeatable. */
export async function releaseDatabase(platform: Platform, row: DatabaseRow): Promise<void> {
  await withAdmin(platform, row.instance_id!, "postgres", (client) => setLogin(client, row, true));
  await platform.pooler.resume(row.database_name);
  await updateDatabase(platform.state, row.id, { status: "ready" });
}

async function setLogin(client: pg.Client, row: DatabaseRow, mayLogIn: boolean): Promise<void> {
  for (const role of rolesOf(row)) {
    if (await roleExists(client, role))
      await client.query(`alter role ${pg.escapeIdentifier(role)} ${mayLogIn ? "login" : "nologin"}`);
  }
}
