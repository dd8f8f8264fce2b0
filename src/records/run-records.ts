/** In charge of one structured query: from the catalog to the rows, and to the log when it comes to nothing. */
import type { RecordQuery } from "@postern/sdk/protocol";
import type { DepartureSignal } from "../base/departure.ts";
import { hasCode, PosternError, posternError } from "../base/error.ts";
import { ServerError } from "../postgres/wire/server-error.ts";
import { AnswerBudget } from "../query/json-writer.ts";
import { learnTypes } from "../query/learn-types.ts";
import { ResultStep } from "../query/result-step.ts";
import { captureTable, missingCapture } from "./capture-table.ts";
import { compileRecords } from "./compile-records.ts";
import type { PreparedRecords, RecordCall } from "./record-call.ts";
import { ask, frameFor } from "./record-context.ts";
import { describeFailure } from "./record-failure.ts";
import type { RecordOptions } from "./record-service.ts";
import type { Relation } from "./relation.ts";
import { RequestSession, type ToldMutation } from "./request-session.ts";
import { runOnceByKey } from "./run-once-by-key.ts";
import { findSharedRun, runSharedRecords, type SharedRun } from "./run-shared-records.ts";
import { actorOf, beginFor, identityOf, isAnonymous, isClient, isReader, tenantOf } from "./whose.ts";

/** The catalog was read a moment ago; what it said may not hold any more. */
const outdated = ["42P01", "42703", "42704", "42804", "3F000"];

/** @throws PosternError */
export async function runRecords(
  call: RecordCall,
  query: RecordQuery,
  options: RecordOptions,
): Promise<Buffer[]> {
  try {
    return await runOnce(call, query, options);
  } catch (error) {
    if (!hasCode(error, "Y1060", "Y1061", ...outdated) || !call.context.relations.forget(query.table))
      throw error;
    return runOnce(call, query, options);
  }
}

async function runOnce(
  call: RecordCall,
  query: RecordQuery,
  { signal, idempotencyKey }: RecordOptions,
): Promise<Buffer[]> {
  const prepared = await prepareRecords(call, query);
  const isOnce = idempotencyKey !== undefined && prepared.compiled.writes && !isAnonymous(call.target);
  const shared = isOnce ? undefined : await findSharedRun(call, prepared);
  if (shared) return runAmongOthers(call, prepared, shared, signal);
  const { side, frame } = await frameFor(call.context, identityOf(call.target), {
    requestId: call.requestId,
    begin: beginFor(call.target),
  });
  const session = await RequestSession.open(side, frame, signal);
  const onAbort = () =>
    void session.abandon(posternError("Y1017", "The client has gone, so its request was undone."));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const work = () => runPrepared(call, session, prepared);
    const rows = isOnce
      ? await runOnceByKey(session, { caller: actorOf(call.target), key: idempotencyKey, query }, work)
      : await work();
    await session.commit();
    return rows;
  } catch (error) {
    await session.rollback();
    // What was logged and undone, or what Postgres refused: it was tried.
    const told = session.told.length > 0 ? session.told : await describeFailure(call, prepared, error);
    await call.attempts.write(told);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

async function runAmongOthers(
  call: RecordCall,
  prepared: PreparedRecords,
  shared: SharedRun,
  signal: DepartureSignal | undefined,
): Promise<Buffer[]> {
  const told: ToldMutation[] = [];
  try {
    const step = await runSharedRecords(call, prepared, shared, { told, signal });
    return await rowsOf(call, step);
  } catch (error) {
    await call.attempts.write(told.length > 0 ? told : await describeFailure(call, prepared, error));
    throw isClient(call.target) ? asShownToClients(error) : error;
  }
}

/** Checks the query and makes sure that what it writes is logged. @throws PosternError */
export async function prepareRecords(call: RecordCall, query: RecordQuery): Promise<PreparedRecords> {
  const { context, target } = call;
  if (isReader(target) && query.operation !== "select") throw readOnlyRefused();
  let relation = await context.relations.find(query.table);
  const compiled = compileRecords(query, relation, { tenant: tenantOf(target) });
  if (compiled.writes && !isAnonymous(target)) relation = await ensureCaptured(call, query, relation);
  return { query, relation, compiled };
}

/** @throws PosternError */
export async function runPrepared(
  { context, target, limits }: RecordCall,
  session: RequestSession,
  { compiled }: PreparedRecords,
): Promise<Buffer[]> {
  const { answerBytes } = isClient(target) ? limits.clientLimits : limits.limits;
  context.shapes.refresh(Date.now());
  const step = new ResultStep({
    shapes: context.shapes,
    budget: new AnswerBudget(answerBytes),
    rowsAsArrays: false,
  });
  try {
    await session.run(compiled, step);
  } catch (error) {
    throw isClient(target) ? asShownToClients(error) : error;
  }
  return rowsOf({ context }, step);
}

async function rowsOf({ context }: Pick<RecordCall, "context">, step: ResultStep): Promise<Buffer[]> {
  if (step.heldDescription) await learnTypes({ ...context.owner, pool: context.owner.pool }, [step]);
  return step.finishRows();
}

/** A table without the trigger gets it; a client's wish counts only where the client may write at all. */
export async function ensureCaptured(
  call: RecordCall,
  query: Pick<RecordQuery, "operation" | "table">,
  relation: Relation,
): Promise<Relation> {
  const wanted = missingCapture(relation);
  if (!wanted) return relation;
  const { context, target } = call;
  if (isClient(target)) {
    const may = await ask(
      context.owner,
      "select pg_catalog.has_any_column_privilege('authenticated', $1::pg_catalog.oid, $2) or pg_catalog.has_table_privilege('authenticated', $1::pg_catalog.oid, 'delete')",
      [String(relation.oid), query.operation === "update" ? "update" : "insert"],
    );
    // Postgres refuses it in a moment, with its own words.
    if (may !== "t") return relation;
  }
  await call.withAdmin((client) => captureTable(client, relation, wanted));
  context.relations.forget(query.table);
  return { ...relation, capture: wanted };
}

/** Details and hints of Postgres's can show rows and names that the caller may not see. */
export function asShownToClients(error: unknown): unknown {
  if (!(error instanceof PosternError) || !(error.cause instanceof ServerError)) return error;
  return new PosternError(error.code, error.message, { cause: error.cause });
}

export const readOnlyRefused = () =>
  posternError("Y3040", "The token only reads.", {
    hint: "Use a token with all rights to change records.",
  });
