/**
 * In charge of the rows of control planes that share these tables: who is there, by the database's own clock, and what of
 * one that is gone is given to the others.
 */
import type { ControlPlaneId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export interface ControlPlaneRow {
  id: ControlPlaneId;
  name: string;
  version: string;
  address: string;
  leads: boolean;
  /** That it is at. */
  operations: number;
  started_at: Date;
  heartbeat_at: Date;
  gone_at: Date | null;
  /** Since its last sign of life. */
  silent_ms: number;
}

/** Without a sign of life for so long, one whose session has ended is gone. */
const goneSeconds = 3;
/** The same where its session seems to be there, as after a network that was cut. */
const lostSeconds = 7;

/** Whoever has this lock is the one that it names, in a session of its own. */
const placeLock = (id: string): string => `hashtext('postern control plane'), hashtext(${id})`;

export async function insertControlPlane(
  db: Queryable,
  row: Pick<ControlPlaneRow, "id" | "name" | "version" | "address">,
): Promise<void> {
  await db.query("insert into control_planes (id, name, version, address) values ($1, $2, $3, $4)", [
    row.id,
    row.name,
    row.version,
    row.address,
  ]);
}

/**
 * In the session that is to hold the place. Gone: the others have given it up; busy: an earlier session of the same place has
 * not ended yet.
 */
export async function holdPlace(session: Queryable, id: ControlPlaneId): Promise<"held" | "gone" | "busy"> {
  const { rowCount } = await session.query(
    `update control_planes set backend_pid = pg_backend_pid(), heartbeat_at = clock_timestamp(), leads = false
      where id = $1 and gone_at is null and pg_try_advisory_lock(${placeLock("$1")})`,
    [id],
  );
  if (rowCount === 1) return "held";
  const { rows } = await session.query<{ gone: boolean }>(
    "select exists (select from control_planes where id = $1 and gone_at is null) is false as gone",
    [id],
  );
  return rows[0]!.gone ? "gone" : "busy";
}

/** A sign of life. False: the others have given it up. */
export async function beat(session: Queryable, id: ControlPlaneId): Promise<boolean> {
  const { rowCount } = await session.query(
    "update control_planes set heartbeat_at = clock_timestamp() where id = $1 and gone_at is null",
    [id],
  );
  return rowCount === 1;
}

/** In the session that holds the place: leading ends with it. */
export async function tryToLead(session: Queryable, id: ControlPlaneId): Promise<boolean> {
  const { rows } = await session.query<{ leads: boolean }>(
    "select pg_try_advisory_lock(hashtext('postern control plane'), 0) as leads",
  );
  if (rows[0]!.leads) await session.query("update control_planes set leads = true where id = $1", [id]);
  return rows[0]!.leads;
}

/** The queue knows its workers by names of their own. */
export async function noteWorkers(
  db: Queryable,
  id: ControlPlaneId,
  workers: readonly string[],
): Promise<void> {
  await db.query("update control_planes set workers = $2 where id = $1", [id, workers]);
}

/** Of those that are there, but for this one. */
export async function listWorkersOfOthers(db: Queryable, id: ControlPlaneId): Promise<string[]> {
  const { rows } = await db.query<{ worker: string }>(
    "select unnest(workers) as worker from control_planes where gone_at is null and id <> $1",
    [id],
  );
  return rows.map(({ worker }) => worker);
}

/**
 * Finds those that are gone, ends what may be left of their sessions, and gives their jobs back to the queue; each once,
 * whoever looks. Within a transaction. Returns their ids.
 */
export async function buryControlPlanes(tx: Queryable, observer: ControlPlaneId): Promise<ControlPlaneId[]> {
  const { rows } = await tx.query<{ id: ControlPlaneId; workers: string[] }>(
    `select id, workers from control_planes
      where gone_at is null and id <> $1
        and case when heartbeat_at > clock_timestamp() - make_interval(secs => $2) then false
                 when heartbeat_at < clock_timestamp() - make_interval(secs => $3) then true
                 else pg_try_advisory_xact_lock(${placeLock("id")}) end
        for update skip locked`,
    [observer, goneSeconds, lostSeconds],
  );
  for (const { id, workers } of rows) await bury(tx, id, workers);
  return rows.map(({ id }) => id);
}

async function bury(tx: Queryable, id: ControlPlaneId, workers: readonly string[]): Promise<void> {
  // A session that a cut network has left there would go on holding its locks.
  await tx.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [
    sessionName(id),
  ]);
  if (workers.length > 0) await freeJobs(tx, workers);
  await tx.query("update control_planes set gone_at = now(), is_lost = true, leads = false where id = $1", [
    id,
  ]);
}

/** At its end it says so itself; what was not brought to an end in time is the others' then. Within a transaction. */
export async function leavePlace(tx: Queryable, id: ControlPlaneId): Promise<void> {
  const { rows } = await tx.query<{ workers: string[] }>(
    `update control_planes set gone_at = now(), leads = false where id = $1 and gone_at is null returning workers`,
    [id],
  );
  const workers = rows[0]?.workers ?? [];
  if (workers.length > 0) await freeJobs(tx, workers);
}

const freeJobs = (tx: Queryable, workers: readonly string[]) =>
  tx.query("select graphile_worker.force_unlock_workers($1::text[])", [workers]);

/** What the session that holds a place calls itself. */
export const sessionName = (id: ControlPlaneId): string => `postern ${id}`;

/** Those that are there, and those that ended without a word within a day and have not come back. */
export async function listControlPlanes(db: Queryable): Promise<ControlPlaneRow[]> {
  const { rows } = await db.query<ControlPlaneRow>(
    `select id, name, version, address, leads, started_at, heartbeat_at, gone_at,
            (select count(*)::int from operations p where p.runner = c.id and p.status = 'running') as operations,
            greatest(0, extract(epoch from clock_timestamp() - heartbeat_at) * 1000)::float8 as silent_ms
       from control_planes c
      where (gone_at is null or (is_lost and gone_at > now() - interval '1 day'))
        and not exists (select from control_planes o
                         where o.name = c.name and o.address = c.address and o.started_at > c.started_at)
      order by name, started_at`,
  );
  return rows;
}

/** Rows of those that are gone are kept for a while, for people. */
export async function forgetControlPlanes(db: Queryable): Promise<void> {
  await db.query("delete from control_planes where gone_at < now() - interval '7 days'");
}
