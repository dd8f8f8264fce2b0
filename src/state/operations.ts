/** In charge of the rows of long work: what runs, how far it is, how it ended. */
import type { ErrorBody, OperationInfo, OperationStatus, OperationStep } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { type AccountId, type DatabaseId, newOperationId, type OperationId } from "../base/id.ts";
import type { Queryable } from "./state.ts";

export interface OperationRow {
  id: OperationId;
  kind: string;
  database_id: DatabaseId | null;
  account_id: AccountId | null;
  status: OperationStatus;
  input: Record<string, unknown>;
  steps: OperationStep[];
  progress: OperationInfo["progress"];
  result: unknown;
  error: ErrorBody | null;
  attempts: number;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

export interface NewOperation {
  kind: string;
  databaseId: DatabaseId | null;
  accountId: AccountId | null;
  input: Record<string, unknown>;
}

/**
 * Writes the operation and its job together: what is accepted is done, whatever happens to the daemon. Work on one
 * database is serial: its jobs share a queue.
 */
export async function insertOperation(db: Queryable, operation: NewOperation): Promise<OperationRow> {
  const id = newOperationId();
  const { rows } = await db.query<OperationRow>(
    `insert into operations (id, kind, database_id, account_id, input) values ($1, $2, $3, $4, $5) returning *`,
    [id, operation.kind, operation.databaseId, operation.accountId, JSON.stringify(operation.input)],
  );
  await enqueueOperation(db, rows[0]!);
  return rows[0]!;
}

/** (Re)adds the job of an operation; a job that waits already is replaced, so it is safe to repeat. */
export async function enqueueOperation(
  db: Queryable,
  operation: Pick<OperationRow, "id" | "database_id" | "kind">,
): Promise<void> {
  await db.query(
    `select graphile_worker.add_job('operation', json_build_object('id', $1::text), queue_name := $2, job_key := $1, max_attempts := 25)`,
    [operation.id, queueOf(operation)],
  );
}

/** Work that waits for other work is serial too: it could else take all the places at which that is done. */
function queueOf({ kind, database_id: databaseId }: Pick<OperationRow, "database_id" | "kind">) {
  if (databaseId !== null) return `database:${databaseId}`;
  return kind === "destroy_environment" || kind === "destroy_project" ? "environments" : null;
}

export async function findOperation(db: Queryable, id: OperationId): Promise<OperationRow | undefined> {
  const { rows } = await db.query<OperationRow>("select * from operations where id = $1", [id]);
  return rows[0];
}

/** Held until the transaction ends; it must be there. */
export async function lockOperation(tx: Queryable, id: OperationId): Promise<OperationRow> {
  const { rows } = await tx.query<OperationRow>("select * from operations where id = $1 for update", [id]);
  return rows[0]!;
}

/** Newest first. */
export async function listOperations(
  db: Queryable,
  filter: {
    databaseId?: DatabaseId;
    accountId?: AccountId;
    /** Only older ones than this one. */
    before?: OperationId;
    limit: number;
  },
): Promise<OperationRow[]> {
  const { rows } = await db.query<OperationRow>(
    `select o.* from operations o
      where ($1::text is null or database_id = $1) and ($2::text is null or account_id = $2)
        and ($3::text is null or exists (
          select from operations b
           where b.id = $3 and (o.created_at < b.created_at or (o.created_at = b.created_at and o.id > b.id))))
      order by created_at desc, id limit $4`,
    [filter.databaseId ?? null, filter.accountId ?? null, filter.before ?? null, filter.limit],
  );
  return rows;
}

/** Those under way, and those that ended lately: what somebody who watches all of them may not know yet. */
export async function listMovingOperations(
  db: Queryable,
  { accountId, lately, limit }: { accountId: AccountId | null; lately: string; limit: number },
): Promise<OperationRow[]> {
  const { rows } = await db.query<OperationRow>(
    `select * from operations
      where ($1::text is null or account_id = $1)
        and (status in ('pending', 'running') or finished_at > now() - $2::interval)
      order by created_at desc, id limit $3`,
    [accountId, lately, limit],
  );
  return rows;
}

export async function listUnfinishedOperations(db: Queryable): Promise<OperationRow[]> {
  const { rows } = await db.query<OperationRow>(
    "select * from operations where status in ('pending', 'running') order by created_at",
  );
  return rows;
}

/** Those under way that the queue has no job of: it was lost with a daemon. */
export async function listJoblessOperations(db: Queryable): Promise<OperationRow[]> {
  const { rows } = await db.query<OperationRow>(
    `select * from operations o
      where o.status in ('pending', 'running')
        and not exists (select from graphile_worker._private_jobs j where j.payload->>'id' = o.id)
      order by o.created_at`,
  );
  return rows;
}

/** @param runner the control plane that is at it from now on; null where there is but one daemon */
export async function markOperationStarted(
  db: Queryable,
  id: OperationId,
  runner: string | null = null,
): Promise<void> {
  await db.query(
    `update operations
        set status = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now()), runner = $2
      where id = $1`,
    [id, runner],
  );
}

/** @throws Y8034 when another control plane is at it by now */
export async function saveOperationSteps(
  db: Queryable,
  id: OperationId,
  steps: OperationStep[],
  runner: string | null = null,
): Promise<void> {
  const { rowCount } = await db.query(
    "update operations set steps = $2, progress = null where id = $1 and runner is not distinct from $3",
    [id, JSON.stringify(steps), runner],
  );
  requireOurs(id, rowCount);
}

function requireOurs(id: OperationId, rowCount: number | null): void {
  if (rowCount === 1) return;
  throw posternError("Y8034", `Another control plane has taken over operation ${id}.`, {
    hint: "It goes on there: `postern ops watch` shows it.",
  });
}

export async function saveOperationProgress(
  db: Queryable,
  id: OperationId,
  progress: OperationInfo["progress"],
): Promise<void> {
  await db.query("update operations set progress = $2 where id = $1", [id, JSON.stringify(progress)]);
}

/** Merges into the input what a later attempt of the same operation must know. */
export async function mergeOperationInput(
  db: Queryable,
  id: OperationId,
  input: Record<string, unknown>,
): Promise<void> {
  await db.query("update operations set input = input || $2::jsonb where id = $1", [
    id,
    JSON.stringify(input),
  ]);
}

/** The same by whoever is at it. @throws Y8034 */
export async function rememberInput(
  db: Queryable,
  id: OperationId,
  input: Record<string, unknown>,
  runner: string | null,
): Promise<void> {
  const { rowCount } = await db.query(
    "update operations set input = input || $2::jsonb where id = $1 and runner is not distinct from $3",
    [id, JSON.stringify(input), runner],
  );
  requireOurs(id, rowCount);
}

/** Secrets and bulky input (migration files) are not kept once the operation has ended. @throws Y8034 */
export async function finishOperation(
  db: Queryable,
  id: OperationId,
  end:
    | { status: "completed"; result: unknown }
    | { status: "failed" | "canceled"; error: ErrorBody; result?: unknown },
  runner: string | null = null,
): Promise<void> {
  const error = "error" in end ? JSON.stringify(end.error) : null;
  const { rowCount } = await db.query(
    `update operations set status = $2, result = $3, error = $4, progress = null, finished_at = now(), input = input - 'files'
      where id = $1 and runner is not distinct from $5`,
    [id, end.status, JSON.stringify(end.result ?? null), error, runner],
  );
  requireOurs(id, rowCount);
}

export function describeOperation(row: OperationRow): OperationInfo {
  return {
    id: row.id,
    kind: row.kind,
    database_id: row.database_id,
    status: row.status,
    steps: row.steps,
    progress: row.progress,
    result: row.result,
    error: row.error,
    created_at: row.created_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}
