/** In charge of `/query` and `/execute`: one statement, and its answer as JSON. */
import type { QueryRequest } from "@postern/sdk/protocol";
import { checkStatement } from "./check-request.ts";
import { AnswerBudget } from "./json-writer.ts";
import { learnTypes } from "./learn-types.ts";
import type { QueryContext, QueryOptions } from "./query-context.ts";
import { ResultStep } from "./result-step.ts";
import { runBatch } from "./run-batch.ts";

export type StatementKind = "query" | "execute";

export async function runQuery(
  context: QueryContext,
  kind: StatementKind,
  request: QueryRequest,
  options: QueryOptions,
): Promise<Buffer[]> {
  checkStatement(request);
  context.shapes.refresh(Date.now());
  const result = new ResultStep({
    shapes: context.shapes,
    budget: new AnswerBudget(context.limits.answerBytes),
    rowsAsArrays: options.rowsAsArrays ?? false,
  });
  await runBatch(context, { statements: [request], steps: [result] }, options.signal);
  if (result.heldDescription) await learnTypes(context, [result], options.signal);
  return kind === "query" ? result.finish("row_count", true) : result.finish("rows_affected", false);
}
