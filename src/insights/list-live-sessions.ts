/**
 * In charge of who has a session of a database at this moment, what each does, and who waits for whom. It is asked of the server's
 * own database, so that nothing of the tenant's is run by it, and wakes nobody.
 */
import type { LiveSession, LiveSessions } from "@postern/sdk/protocol";
import { messageOf } from "../base/error.ts";
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { connectAs } from "../instances/with-admin.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";

/** Longer statements are cut: a list is looked at, and asked for again and again. */
const mostCharacters = 2_000;

const sessionsSql = `
  select a.pid, coalesce(a.usename, '') as user, coalesce(a.application_name, '') as application, host(a.client_addr) as address, a.state,
         left(a.query, ${mostCharacters + 1}) as statement, a.backend_start as connected_at,
         case when a.state = 'active' then a.query_start else a.state_change end as since, a.xact_start as transaction_since,
         case when a.state = 'active' then a.wait_event_type || ': ' || a.wait_event end as waits_for,
         case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) else '{}' end as blocked_by,
         l.locktype as lock_type, l.relation::text as lock_relation, regexp_replace(l.mode, 'Lock$', '') as lock_mode, l.waitstart as lock_since
    from pg_stat_activity a
    left join lateral (select * from pg_locks w where w.pid = a.pid and not w.granted limit 1) l on a.wait_event_type = 'Lock'
   where a.datname = $1 and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
   order by a.backend_start, a.pid`;

type Moments = "connected_at" | "since" | "transaction_since";

interface SessionRow extends Omit<LiveSession, "lock" | "through" | Moments> {
  connected_at: Date;
  since: Date | null;
  transaction_since: Date | null;
  lock_type: string | null;
  lock_relation: string | null;
  lock_mode: string | null;
  lock_since: Date | null;
}

export async function listLiveSessions(platform: Platform, row: DatabaseRow): Promise<LiveSessions> {
  const at = platform.clock.now().toISOString();
  const instance = row.instance_id === null ? undefined : await findInstance(platform.state, row.instance_id);
  const found =
    instance && row.paused_at === null
      ? await withLook(platform, instance, {}, (client) =>
          client.query<SessionRow>(sessionsSql, [row.database_name]),
        )
      : undefined;
  if (!found) return { at, awake: false, sessions: [] };
  const names = await nameRelations(platform, row, found.rows);
  return { at, awake: true, sessions: found.rows.map((session) => describe(session, names)) };
}

/** Names are the tenant's to say: asked as the database's owner, and only when somebody waits for a table. */
async function nameRelations(
  platform: Platform,
  { instance_id: instance, database_name: database, role_name: role }: DatabaseRow,
  sessions: readonly SessionRow[],
): Promise<Map<string, string>> {
  const oids = [...new Set(sessions.flatMap(({ lock_relation: oid }) => (oid === null ? [] : [oid])))];
  if (oids.length === 0) return new Map();
  try {
    const client = await connectAs(platform, instance!, database, role);
    try {
      const { rows } = await client.query<{ oid: string; name: string }>(
        "select oid::text, oid::regclass::text as name from unnest($1::oid[]) oid",
        [oids],
      );
      return new Map(rows.map(({ oid, name }) => [oid, name]));
    } finally {
      await client.end().catch(() => {});
    }
  } catch (error) {
    // Without the name of its table a wait is still a wait.
    const detail = messageOf(error);
    platform.observe({ type: "maintenance", task: "the names of locked tables", event: "failed", detail });
    return new Map();
  }
}

function describe(row: SessionRow, names: ReadonlyMap<string, string>): LiveSession {
  const { lock_type: type, lock_relation: relation, lock_mode: mode, lock_since: since, ...session } = row;
  const object = relation === null ? type : (names.get(relation) ?? `table ${relation}`);
  return {
    ...session,
    connected_at: row.connected_at.toISOString(),
    since: row.since?.toISOString() ?? null,
    transaction_since: row.transaction_since?.toISOString() ?? null,
    statement: cut(session.statement),
    through: throughOf(row),
    lock: mode === null ? null : { object: object ?? "", mode, since: since?.toISOString() ?? null },
  };
}

const cut = (text: string | null): string | null =>
  text !== null && text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text || null;

/** By the unix socket come the pooler, the data plane and Postern's own work. */
function throughOf({ address, user, application }: SessionRow): LiveSession["through"] {
  if (address !== null) return "direct";
  if (user.startsWith("postern_")) return "postern";
  return application === "postern" ? "http" : "pooled";
}
