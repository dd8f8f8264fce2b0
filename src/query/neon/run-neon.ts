/** In charge of running a request of the Neon serverless driver: one statement, or several in one transaction. */

import type { AnswerClaim } from "../answer-room.ts";
import { checkParams, checkStatement, checkStatements } from "../check-request.ts";
import { type ClientCall, isReader, runClientBatch, runSharedClient, sideOf } from "../client/run-client.ts";
import { AnswerBudget } from "../json-writer.ts";
import { learnTypes } from "../learn-types.ts";
import type { QueryContext, QueryOptions } from "../query-context.ts";
import { runOwnerBatch } from "../run-owner-batch.ts";
import { runShared, shareable } from "../shared/run-shared.ts";
import type { NeonRequest } from "./neon-request.ts";
import { NeonResultStep } from "./neon-result-step.ts";

const opening = Buffer.from('{"results":[');
const comma = Buffer.from(",");
const closing = Buffer.from("]}");

/** As the database's owner. @throws PosternError */
export async function runNeon(
  context: QueryContext,
  request: NeonRequest,
  options: QueryOptions,
): Promise<Buffer[]> {
  const { queries, isBatch, begin } = request;
  if (queries.length === 0) return [opening, closing];
  const { limits, book } = context;
  if (isBatch) checkStatements(queries, limits.statements);
  const steps = stepMaker(context, request, limits.answerBytes, options.claim);
  // Between two Syncs Postgres keeps a transaction open by itself: one flight, without BEGIN and COMMIT.
  const shared = isBatch && begin !== "begin" ? undefined : shareable(context, queries, options.readOnly);
  if (shared) {
    if (!isBatch) checkParams(queries[0]!);
    const { signal, trace } = options;
    const onSend = () => {
      trace?.sent();
      steps.restart();
    };
    const run = { isTransaction: isBatch, signal, onSend };
    return finish(context, request, await runShared(context, shared, steps.next, run), options);
  }
  if (!isBatch) checkStatement(queries[0]!);
  const results = queries.map(steps.next);
  const batch = { statements: queries, steps: results, ...(isBatch ? { begin } : {}) };
  await runOwnerBatch(context, batch, options);
  for (const { sql } of queries) book.noteRun(sql);
  return finish(context, request, results, options);
}

/** As one of the database's clients. @throws PosternError */
export async function runClientNeon(
  call: ClientCall,
  request: NeonRequest,
  options: QueryOptions,
): Promise<Buffer[]> {
  const { queries, isBatch, begin } = request;
  if (queries.length === 0) return [opening, closing];
  if (isBatch) checkStatements(queries, call.limits.statements);
  const steps = stepMaker(call.owner, request, call.limits.answerBytes, options.claim);
  const shared = isBatch && begin !== "begin" ? undefined : shareable(sideOf(call), queries, isReader(call));
  if (shared) {
    if (!isBatch) checkParams(queries[0]!);
    const run = { signal: options.signal, isSingle: !isBatch, trace: options.trace };
    return finish(call.owner, request, await runSharedClient(call, shared, steps, run), options);
  }
  if (!isBatch) checkStatement(queries[0]!);
  const results = queries.map(steps.next);
  const batch = { statements: queries, steps: results, begin: isBatch ? begin : "begin", isSingle: !isBatch };
  await runClientBatch(call.clients, call.claims, batch, options);
  return finish(call.owner, request, results, options);
}

/** Makes the steps of the queries one after the other; a request that is sent again begins anew. */
function stepMaker(
  { neonShapes }: QueryContext,
  { queries, isRaw }: NeonRequest,
  answerBytes: number,
  claim: AnswerClaim | undefined,
) {
  const shapes = isRaw ? neonShapes.raw : neonShapes.typed;
  shapes.refresh(Date.now());
  let budget = new AnswerBudget(answerBytes, claim);
  let made = 0;
  return {
    next: () => new NeonResultStep(shapes, budget, queries[made++]!.rowsAsArrays),
    restart() {
      budget = new AnswerBudget(answerBytes, claim);
      made = 0;
    },
  };
}

async function finish(
  context: QueryContext,
  { isBatch }: NeonRequest,
  results: readonly NeonResultStep[],
  { signal, trace }: QueryOptions,
): Promise<Buffer[]> {
  if (trace) trace.results = results;
  if (results.some((result) => result.heldDescription)) await learnTypes(context, results, signal);
  if (!isBatch) return results[0]!.finish();
  return [
    opening,
    ...results.flatMap((result, index) => (index === 0 ? result.finish() : [comma, ...result.finish()])),
    closing,
  ];
}
