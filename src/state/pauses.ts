/** In charge of what Postern's own tables say of databases that sleep, or may. */
import type { DatabaseId, InstanceId } from "../base/id.ts";
import type { DatabaseRow } from "./databases.ts";
import type { InstanceRow } from "./instances.ts";
import type { Queryable } from "./state.ts";

/** Instances whose database sleeps. */
export async function listSleepingInstances(db: Queryable): Promise<Set<InstanceRow["id"]>> {
  const { rows } = await db.query<{ instance_id: InstanceId }>(
    "select instance_id from databases where paused_at is not null and instance_id <> 'shared' and destroyed_at is null",
  );
  return new Set(rows.map((row) => row.instance_id));
}

/** Where the gate and the server listen is written with it: the next start must find them there. */
export async function saveAsleep(
  db: Queryable,
  id: DatabaseId,
  instance?: Pick<InstanceRow, "id" | "tcp_port" | "front_port">,
): Promise<void> {
  await db.query(
    `with instance as (update instances set tcp_port = $3, front_port = $4 where id = $2)
     update databases set paused_at = now() where id = $1`,
    [id, instance?.id ?? null, instance?.tcp_port ?? null, instance?.front_port ?? null],
  );
}

export async function saveAwake(db: Queryable, instanceId: string): Promise<void> {
  await db.query("update databases set paused_at = null where instance_id = $1 and paused_at is not null", [
    instanceId,
  ]);
}

export async function saveSharedAwake(db: Queryable, ids: readonly DatabaseId[]): Promise<void> {
  await db.query("update databases set paused_at = null where id = any($1) and paused_at is not null", [ids]);
}

/** Awake, ready and with a server of their own: those that could be sent to sleep. */
export async function listAwakeOwnDatabases(db: Queryable): Promise<DatabaseRow[]> {
  const { rows } = await db.query<DatabaseRow>(
    `select * from databases
      where status = 'ready' and isolation <> 'shared' and paused_at is null and destroyed_at is null`,
  );
  return rows;
}

export async function listPausedShared(db: Queryable): Promise<DatabaseRow[]> {
  const { rows } = await db.query<DatabaseRow>(
    "select * from databases where instance_id = 'shared' and paused_at is not null and destroyed_at is null",
  );
  return rows;
}

export interface UnfinishedOperation {
  id: string;
  kind: string;
  started_at: Date | null;
}

export async function listUnfinishedOn(db: Queryable, id: DatabaseId): Promise<UnfinishedOperation[]> {
  const { rows } = await db.query<UnfinishedOperation>(
    `select id, kind, started_at from operations
      where database_id = $1 and status in ('pending', 'running') order by created_at`,
    [id],
  );
  return rows;
}
