/**
 * In charge of jobs of the queue whose end nobody wrote down: the connection that was to do so died with Postern's own server,
 * and the queue does not try again. Such a job holds back all work on its database.
 */
import type { Queryable } from "./state.ts";

/** Longer than the queue takes to tell of an end, or to begin what it has taken. */
const graceSeconds = 10;

/**
 * @param running ids of operations that this daemon is at.
 * @param others what the queue knows the workers of other control planes as: their jobs are theirs.
 * @returns how many were found: those that are over are removed, the others wait again.
 */
export async function freeLostJobs(
  db: Queryable,
  running: readonly string[],
  others: readonly string[] = [],
): Promise<number> {
  const { rowCount } = await db.query(
    `with lost as materialized (
       select j.id, j.job_queue_id, j.locked_by, o.status in ('pending', 'running') as is_open
         from graphile_worker._private_jobs j
         left join operations o on o.id = j.payload->>'id'
        where j.locked_by is not null and j.locked_at < now() - make_interval(secs => $2)
          and j.locked_by <> all($3::text[])
          and coalesce(j.payload->>'id', '') <> all($1::text[])
          and (o.finished_at is null or o.finished_at < now() - make_interval(secs => $2))
     ), removed as (
       delete from graphile_worker._private_jobs j using lost where j.id = lost.id and lost.is_open is not true
     ), opened as (
       update graphile_worker._private_jobs j set locked_by = null, locked_at = null, run_at = now()
         from lost where j.id = lost.id and lost.is_open
     ), queues as (
       update graphile_worker._private_job_queues q set locked_by = null, locked_at = null
         from lost where q.id = lost.job_queue_id and q.locked_by = lost.locked_by
     )
     select from lost`,
    [running, graceSeconds, others],
  );
  return rowCount ?? 0;
}
