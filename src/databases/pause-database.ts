/** In charge of sending a database to sleep and of waking it. Whoever wants it wakes it too, without asking anybody. */
import { posternError } from "../base/error.ts";
import type { InstanceId } from "../base/id.ts";
import { openLook } from "../instances/awake-session.ts";
import type { LeavingSessions } from "../instances/drain-server.ts";
import { becomeIdle } from "../instances/idle-database.ts";
import { notePassword } from "../instances/note-password.ts";
import type { Platform } from "../instances/platform.ts";
import type { ServerSession } from "../instances/server-sessions.ts";
import { putToSleep, wakeInstance } from "../instances/sleeping-instance.ts";
import type { QueryService } from "../query/query-service.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";
import { listUnfinishedOn, saveAsleep, saveSharedAwake } from "../state/pauses.ts";
import { refuseByIsolation } from "./refuse-by-isolation.ts";
import { requireReady } from "./require-ready.ts";

export type RetiringSessions = Pick<QueryService, "retireSessions">;

export interface PauseOptions {
  /** How long statements and transactions under way get to end. */
  patienceMs: number;
}

/** Logins that were under way when the door was held have ended by then; any later ones wait before it. */
const poolerMs = 200;

/** Repeatable: one that sleeps goes on sleeping. @throws Y4010 when it is in use; Y3004; Y4001; Y4013 */
export function pauseDatabase(
  platform: Platform,
  sessions: RetiringSessions,
  { id, instance_id: instance }: DatabaseRow,
  options: PauseOptions,
): Promise<void> {
  // Pauses, wakes and the end of an instance come one after the other; on the shared one, those of one database.
  return platform.instanceLock.run(instance === "shared" || instance === null ? id : instance, async () => {
    const row = await findDatabaseById(platform.state, id);
    if (!row) throw posternError("Y3001", `There is no database ${id}.`);
    requireReady(row);
    refuseByIsolation(row, "pause");
    if (row.paused_at !== null) return;
    await refuseWhileWorkedOn(platform, row);
    // While it sleeps its server cannot be asked for the password that it takes.
    await notePassword(platform, row);
    const leaving = {
      askPooler: () => platform.pooler.reconnect(row.database_name, poolerMs),
      askDataPlane: () => sessions.retireSessions(row.id),
    };
    const users =
      row.isolation === "shared"
        ? await pauseShared(platform, row, { ...options, leaving })
        : await pauseOwn(platform, row, { ...options, leaving });
    if (users.length > 0) throw inUse(row, users);
  });
}

interface DrainWishes extends PauseOptions {
  leaving: LeavingSessions;
}

async function pauseOwn(platform: Platform, row: DatabaseRow, wishes: DrainWishes): Promise<ServerSession[]> {
  const instance = (await findInstance(platform.state, row.instance_id!))!;
  return putToSleep(platform, instance, {
    ...wishes,
    save: (after) => saveAsleep(platform.state, row.id, after),
  });
}

/** Its server goes on for the others; it only has no sessions any more. */
async function pauseShared(
  platform: Platform,
  row: DatabaseRow,
  wishes: DrainWishes,
): Promise<ServerSession[]> {
  const instance = (await findInstance(platform.state, row.instance_id!))!;
  const client = await openLook(platform, instance);
  if (!client) throw posternError("Y4001", "The database's server does not answer.");
  try {
    const users = await becomeIdle(client, row.database_name, { ...wishes, signal: platform.stopping });
    if (users.length === 0) await saveAsleep(platform.state, row.id);
    return users;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Repeatable. @throws Y4002 when its server does not start */
export async function resumeDatabase(platform: Platform, row: DatabaseRow): Promise<void> {
  requireReady(row);
  if (row.instance_id === "shared") await saveSharedAwake(platform.state, [row.id]);
  else await wakeInstance(platform, row.instance_id as InstanceId);
}

async function refuseWhileWorkedOn(platform: Platform, row: DatabaseRow): Promise<void> {
  const [operation] = await listUnfinishedOn(platform.state, row.id);
  if (!operation) return;
  throw posternError(
    "Y4010",
    `Database ${row.name} is in use: ${operation.kind.replaceAll("_", " ")} goes on.`,
    {
      hint: `\`postern ops watch ${operation.id}\` waits for it.`,
    },
  );
}

function inUse(row: DatabaseRow, users: readonly ServerSession[]) {
  const [one] = users;
  const more = users.length > 1 ? ` and ${users.length - 1} more` : "";
  const who = `process ${one!.pid}${one!.application === "" ? "" : ` (${one!.application})`}`;
  const does = one!.state === "idle" ? "has just run a statement" : `is ${one!.state ?? "logging in"}`;
  return posternError("Y4010", `Database ${row.name} is in use.`, {
    detail: `Session of ${one!.role ?? "somebody"}, ${who}, ${does}${more}.`,
    hint: `\`postern db why-awake ${row.name}\` shows who uses it.`,
  });
}
