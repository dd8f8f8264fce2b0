/** In charge of ending one session of a database, or only what it runs, as the server's superuser and from outside of the database. */
import type { EndedSessionInfo } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";

/** In one statement, so that the process is not another's by then; one that is gone is nobody's. */
const endSql = (call: "pg_cancel_backend" | "pg_terminate_backend") => `
  select usename as user, case when usename !~ '^postern_' then ${call}(pid) end as done from pg_stat_activity
   where pid = $1 and datname = $2 and backend_type = 'client backend' and pid <> pg_backend_pid()`;

/** @throws Y9010 no such session, Y9011 not this one */
export async function endLiveSession(
  platform: Platform,
  row: DatabaseRow,
  pid: number,
  { onlyStatement }: { onlyStatement: boolean },
): Promise<EndedSessionInfo> {
  const instance = row.instance_id === null ? undefined : await findInstance(platform.state, row.instance_id);
  const call = onlyStatement ? "pg_cancel_backend" : "pg_terminate_backend";
  const found =
    instance &&
    (await withLook(platform, instance, {}, (client) =>
      client.query<{ user: string; done: boolean | null }>(endSql(call), [pid, row.database_name]),
    ));
  const session = found?.rows[0];
  if (session && session.done === null) {
    throw posternError("Y9011", `Session ${pid} is Postern's own.`, {
      hint: "It ends by itself when its work is done; `postern ops list` shows what goes on.",
    });
  }
  if (session?.done) return { pid, action: onlyStatement ? "canceled" : "ended" };
  throw posternError("Y9010", `There is no session ${pid} in this database.`, {
    hint: "`postern db inspect activity` lists them.",
  });
}
