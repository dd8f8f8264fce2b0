/** In charge of `/transaction`: several statements that take effect all or not at all. */
import type { TransactionRequest } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { checkStatements } from "./check-request.ts";
import { AnswerBudget } from "./json-writer.ts";
import { learnTypes } from "./learn-types.ts";
import type { QueryContext, QueryOptions } from "./query-context.ts";
import { ResultStep } from "./result-step.ts";
import { runBatch } from "./run-batch.ts";

const opening = Buffer.from('{"results":[');
const comma = Buffer.from(",");
const closing = Buffer.from("]}");

const isolationLevels = new Set(["read committed", "repeatable read", "serializable"]);

export async function runTransaction(
  context: QueryContext,
  request: TransactionRequest,
  options: QueryOptions,
): Promise<Buffer[]> {
  const { statements } = request;
  checkStatements(statements, context.limits.statements);
  context.shapes.refresh(Date.now());
  const budget = new AnswerBudget(context.limits.answerBytes);
  const { shapes } = context;
  const results = statements.map(
    () => new ResultStep({ shapes, budget, rowsAsArrays: options.rowsAsArrays ?? false }),
  );
  const begin = beginCommand(request);
  await runBatch(context, { statements, steps: results, begin }, options.signal);
  if (results.some((result) => result.heldDescription)) await learnTypes(context, results, options.signal);
  return [
    opening,
    ...results.flatMap((result, index) => {
      const chunks = result.finish("rows_affected", true);
      return index === 0 ? chunks : [comma, ...chunks];
    }),
    closing,
  ];
}

/** @throws Y1001 for an isolation level that is none. */
function beginCommand({ isolation_level, read_only, deferrable }: TransactionRequest): string {
  if (isolation_level !== undefined && !isolationLevels.has(isolation_level)) {
    throw posternError("Y1001", `There is no isolation level "${isolation_level}".`, {
      hint: `Use one of: ${[...isolationLevels].join(", ")}.`,
    });
  }
  const modes = [
    isolation_level && `isolation level ${isolation_level}`,
    read_only && "read only",
    deferrable && "deferrable",
  ];
  return ["begin", ...modes.filter(Boolean)].join(" ");
}
