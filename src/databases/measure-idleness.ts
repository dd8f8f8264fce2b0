/** In charge of when a database was last used: by its statements, whoever only keeps a connection open does not count. */
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { listSessions, type ServerSession } from "../instances/server-sessions.ts";
import type { DatabaseRow } from "../state/databases.ts";
import type { InstanceRow } from "../state/instances.ts";

export interface Usage {
  sessions: ServerSession[];
  /** Milliseconds that statements have taken in all, ended sessions' too: it grows with every statement. */
  activeTime: number;
}

/** Undefined when its server does not run. Nothing of this counts as use. */
export function measureUsage(
  platform: Pick<Platform, "config">,
  row: Pick<DatabaseRow, "database_name">,
  instance: Pick<InstanceRow, "id" | "tcp_port">,
): Promise<Usage | undefined> {
  return withLook(platform, instance, {}, async (client) => {
    const { rows } = await client.query<{ active_time: number }>(
      "select active_time from pg_stat_database where datname = $1",
      [row.database_name],
    );
    const sessions = (await listSessions(client)).filter(({ database }) => database === row.database_name);
    return { sessions, activeTime: rows[0]?.active_time ?? 0 };
  });
}

/** When it was used last, as far as is known. */
export interface LastUse {
  at: Date;
  activeTime: number;
}

/** @param before what was known at the last look; the first look begins the time */
export function lastUseOf(now: Date, usage: Usage, before: LastUse | undefined): LastUse {
  const { activeTime, sessions } = usage;
  if (sessions.some(({ state }) => state !== "idle" && state !== null)) return { at: now, activeTime };
  const statements = sessions
    .filter(({ statement_at: at }) => at !== null)
    .map(({ rested_ms: rested }) => now.getTime() - rested);
  const seen = Math.max(...statements, before?.at.getTime() ?? now.getTime());
  // Somebody came and went since the last look.
  const isGone = before !== undefined && activeTime > before.activeTime && seen === before.at.getTime();
  return { at: isGone ? now : new Date(seen), activeTime };
}
