/** In charge of who keeps a database awake, and when it will sleep. */
import type { DatabaseActivity, DatabaseSession } from "@postern/sdk/protocol";
import type { Platform } from "../instances/platform.ts";
import type { ServerSession } from "../instances/server-sessions.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";
import { listUnfinishedOn } from "../state/pauses.ts";
import { measureUsage } from "./measure-idleness.ts";
import { pauseAfterOf } from "./pause-rules.ts";

/** @param lastUse as the watch on idleness knows it; undefined: it does not watch */
export async function describeActivity(
  platform: Platform,
  row: DatabaseRow,
  lastUse: Date | undefined,
): Promise<DatabaseActivity> {
  const instance = row.instance_id === null ? undefined : await findInstance(platform.state, row.instance_id);
  const usage = instance && row.paused_at === null ? await measureUsage(platform, row, instance) : undefined;
  const operations = await listUnfinishedOn(platform.state, row.id);
  const sessions = (usage?.sessions ?? []).map(renderSession);
  const lastStatement = latest([
    lastUse,
    ...(usage?.sessions ?? []).map(({ statement_at: at }) => at ?? undefined),
  ]);
  const after = pauseAfterOf(platform, row);
  const isWatched = after !== null && row.paused_at === null && row.status === "ready";
  const from = lastStatement ?? platform.clock.now();
  const activity = {
    status: row.status === "ready" && row.paused_at !== null ? "paused" : row.status,
    paused_at: row.paused_at?.toISOString() ?? null,
    pause_after_seconds: after,
    last_statement_at: lastStatement?.toISOString() ?? null,
    pauses_at: isWatched ? new Date(from.getTime() + after * 1_000).toISOString() : null,
    sessions,
    operations: operations.map(({ id, kind, started_at: at }) => ({
      id,
      kind,
      started_at: at?.toISOString() ?? null,
    })),
  } satisfies Omit<DatabaseActivity, "reasons">;
  return { ...activity, reasons: reasonsOf(row, activity) };
}

/** In the order in which they matter; none for one that sleeps. */
function reasonsOf(row: DatabaseRow, activity: Omit<DatabaseActivity, "reasons">): string[] {
  if (activity.status !== "ready") return [];
  const busy = activity.sessions.filter(({ state }) => state !== "idle");
  return [
    ...activity.operations.map(({ kind, id }) => `${kind.replaceAll("_", " ")} goes on (${id})`),
    ...busy.map(
      ({ pid, through, user, state }) =>
        `${user}'s ${through} session, process ${pid}, is ${state ?? "starting"}`,
    ),
    ...(activity.pause_after_seconds === null ? [neverReason(row)] : []),
    ...(busy.length === 0 && activity.pauses_at !== null && activity.last_statement_at !== null
      ? [
          `its last statement ran at ${activity.last_statement_at}; it sleeps ${activity.pause_after_seconds} s after that`,
        ]
      : []),
  ];
}

function neverReason({ isolation, pause_after_seconds: own }: DatabaseRow): string {
  if (isolation === "external") return "it is on a registered instance, which does not sleep";
  if (isolation === "shared") return "it shares its server with others, which does not sleep";
  if (own === 0) return "it was told never to sleep by itself (`db pause --after`)";
  return "it sleeps only when it is told to, unless `db pause --after` says otherwise";
}

const renderSession = (session: ServerSession): DatabaseSession => ({
  pid: session.pid,
  user: session.role ?? "",
  application: session.application,
  through: throughOf(session),
  address: session.address,
  state: session.state,
  connected_at: session.connected_at.toISOString(),
  last_statement_at: session.statement_at?.toISOString() ?? null,
});

/** By the unix socket come the pooler, the data plane and Postern's own work. */
function throughOf({ address, role, application }: ServerSession): DatabaseSession["through"] {
  if (address !== null) return "direct";
  if (role?.startsWith("postern_")) return "postern";
  return application === "postern" ? "http" : "pooled";
}

const latest = (times: readonly (Date | undefined)[]): Date | undefined =>
  times.reduce(
    (last, time) => (time !== undefined && (last === undefined || time > last) ? time : last),
    undefined,
  );
