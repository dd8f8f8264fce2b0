/** In charge of `/query` and `/execute`: one statement, and its answer as JSON. */
import type { QueryRequest } from "@postern/sdk/protocol";
import { checkParams, checkStatement } from "./check-request.ts";
import { AnswerBudget } from "./json-writer.ts";
import { learnTypes } from "./learn-types.ts";
import type { QueryContext, QueryOptions } from "./query-context.ts";
import { ResultStep } from "./result-step.ts";
import type { BatchContext } from "./run-batch.ts";
import { runOwnerBatch } from "./run-owner-batch.ts";
import { runShared, shareable } from "./shared/run-shared.ts";

export type StatementKind = "query" | "execute";

export async function runQuery(
  context: QueryContext,
  kind: StatementKind,
  request: QueryRequest,
  options: QueryOptions,
): Promise<Buffer[]> {
  const result = await runStatement(context, request, options);
  return finishStatement(context, kind, result, options);
}

export async function finishStatement(
  context: BatchContext,
  kind: StatementKind,
  result: ResultStep,
  { signal, trace }: QueryOptions,
): Promise<Buffer[]> {
  if (trace) trace.results = [result];
  if (result.heldDescription) await learnTypes(context, [result], signal);
  return kind === "query" ? result.finish("row_count", true) : result.finish("rows_affected", false);
}

async function runStatement(
  context: QueryContext,
  request: QueryRequest,
  options: QueryOptions,
): Promise<ResultStep> {
  const { rowsAsArrays = false, signal, readOnly, claim, trace } = options;
  const { shapes, limits } = context;
  shapes.refresh(Date.now());
  const makeStep = () =>
    new ResultStep({ shapes, budget: new AnswerBudget(limits.answerBytes, claim), rowsAsArrays });
  const statements = shareable(context, [request], readOnly);
  if (statements) {
    checkParams(request);
    const [result] = await runShared(context, statements, makeStep, {
      isTransaction: false,
      signal,
      onSend: () => trace?.sent(),
    });
    return result!;
  }
  checkStatement(request);
  const result = makeStep();
  const onParameterTypes = (sql: string, types: number[]) => context.book.noteTypes(sql, types);
  await runOwnerBatch(context, { statements: [request], steps: [result], onParameterTypes }, options);
  context.book.noteRun(request.sql);
  return result;
}
