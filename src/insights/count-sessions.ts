/** In charge of how many sessions each database has at this moment, and how many of them wait for a lock. Wakes nobody. */
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { databasesOfInstance } from "../state/insights.ts";
import { listInstances } from "../state/instances.ts";

export interface SessionCounts {
  sessions: number;
  active: number;
  waiting: number;
  idle_in_transaction: number;
}

const countSql = `
  select datname as database, count(*)::int as sessions, (count(*) filter (where state = 'active'))::int as active,
         (count(*) filter (where wait_event_type = 'Lock'))::int as waiting,
         (count(*) filter (where state like 'idle in transaction%'))::int as idle_in_transaction
    from pg_stat_activity where backend_type = 'client backend' and datname = any ($1) group by 1`;

export async function countSessions(platform: Platform): Promise<Map<string, SessionCounts>> {
  const found = new Map<string, SessionCounts>();
  for (const instance of await listInstances(platform.state)) {
    if (instance.status !== "running") continue;
    const databases = await databasesOfInstance(platform.state, instance.id);
    await withLook(platform, instance, {}, async (client) => {
      const { rows } = await client.query<SessionCounts & { database: string }>(countSql, [
        [...databases.keys()],
      ]);
      for (const { database, ...counts } of rows) found.set(databases.get(database)!, counts);
    });
  }
  return found;
}
