/** In charge of `/transaction`: several statements that take effect all or not at all. */
import type { TransactionRequest } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { checkStatements } from "./check-request.ts";
import { AnswerBudget } from "./json-writer.ts";
import { learnTypes } from "./learn-types.ts";
import type { QueryContext, QueryOptions } from "./query-context.ts";
import { ResultStep } from "./result-step.ts";
import type { BatchContext } from "./run-batch.ts";
import { runOwnerBatch } from "./run-owner-batch.ts";
import { runShared, shareable } from "./shared/run-shared.ts";

const opening = Buffer.from('{"results":[');
const comma = Buffer.from(",");
const closing = Buffer.from("]}");

const isolationLevels = new Set(["read committed", "repeatable read", "serializable"]);

export async function runTransaction(
  context: QueryContext,
  request: TransactionRequest,
  options: QueryOptions,
): Promise<Buffer[]> {
  return finishTransaction(context, await runStatements(context, request, options), options);
}

export async function finishTransaction(
  context: BatchContext,
  results: readonly ResultStep[],
  options: QueryOptions,
): Promise<Buffer[]> {
  if (options.trace) options.trace.results = results;
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

async function runStatements(
  context: QueryContext,
  request: TransactionRequest,
  options: QueryOptions,
): Promise<ResultStep[]> {
  const { rowsAsArrays = false, signal, readOnly, claim, trace } = options;
  const { statements } = request;
  const { shapes, limits } = context;
  checkStatements(statements, limits.statements);
  shapes.refresh(Date.now());
  let budget = new AnswerBudget(limits.answerBytes, claim);
  const makeStep = () => new ResultStep({ shapes, budget, rowsAsArrays });
  const begin = beginCommand(request);
  // Between two Syncs Postgres keeps a transaction open by itself: one flight, without BEGIN and COMMIT.
  const shared =
    begin === "begin" && statements.length > 0 ? shareable(context, statements, readOnly) : undefined;
  if (shared) {
    return runShared(context, shared, makeStep, {
      isTransaction: true,
      signal,
      onSend: () => {
        trace?.sent();
        budget = new AnswerBudget(limits.answerBytes, claim);
      },
    });
  }
  const results = statements.map(makeStep);
  const onParameterTypes = (sql: string, types: number[]) => context.book.noteTypes(sql, types);
  await runOwnerBatch(context, { statements, steps: results, begin, onParameterTypes }, options);
  for (const { sql } of statements) context.book.noteRun(sql);
  return results;
}

/** @throws Y1001 for an isolation level that is none. */
export function beginCommand({ isolation_level, read_only, deferrable }: TransactionRequest): string {
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
