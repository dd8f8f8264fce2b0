/**
 * In charge of the hot path of structured queries: one flight, with who asks in front, on a session that others use too. Only
 * where the catalog proves that the table can do nothing to its session (query/shared); everything else has a session to itself.
 */
import { randomBytes } from "node:crypto";
import type { DepartureSignal } from "../base/departure.ts";
import { posternError } from "../base/error.ts";
import { parseServerError } from "../postgres/wire/server-error.ts";
import { AnswerBudget } from "../query/json-writer.ts";
import { ResultStep } from "../query/result-step.ts";
import { runShared, type SharedContext, shareable } from "../query/shared/run-shared.ts";
import type { SharedStatement, WritePrelude } from "../query/shared/shared-request.ts";
import type { PreparedRecords, RecordCall } from "./record-call.ts";
import type { RecordContext } from "./record-context.ts";
import type { ToldMutation } from "./request-session.ts";
import { preludeFor } from "./shared-records.ts";
import { identityOf, isAnonymous, isClient, isReader } from "./whose.ts";

export interface SharedRun {
  side: SharedContext;
  statements: SharedStatement[];
}

/** Undefined: it must have a session to itself, or cannot share one yet. */
export async function findSharedRun(
  { context, target }: RecordCall,
  { compiled }: PreparedRecords,
): Promise<SharedRun | undefined> {
  if (isAnonymous(target)) return undefined;
  const side = isClient(target) ? (await context.openClients()).shared : context.shared;
  const request = { sql: compiled.sql, params: compiled.params };
  const statements = shareable(side, [request], isReader(target));
  return statements && { side, statements };
}

/** @param told gets what the log was told; it counts where this fails. @throws PosternError */
export async function runSharedRecords(
  call: RecordCall,
  { compiled }: PreparedRecords,
  { side, statements }: SharedRun,
  { told, signal }: { told: ToldMutation[]; signal?: DepartureSignal | undefined },
): Promise<ResultStep> {
  const { context, target, limits, requestId } = call;
  const { answerBytes } = isClient(target) ? limits.clientLimits : limits.limits;
  context.shapes.refresh(Date.now());
  const makeStep = () =>
    new ResultStep({ shapes: context.shapes, budget: new AnswerBudget(answerBytes), rowsAsArrays: false });
  const secret = compiled.writes ? randomBytes(16).toString("hex") : "";
  const prelude = await preludeOf(context, call, { requestId, secret }, compiled.writes);
  const [step] = await runShared(side, statements, makeStep, {
    isTransaction: false,
    signal,
    ...(prelude && { prelude }),
    onSend: () => {
      told.length = 0;
    },
    onNotice(buffer, start, end) {
      if (secret === "") return;
      const { message } = parseServerError(buffer, start, end);
      if (message.startsWith(secret)) told.push(message.slice(secret.length));
    },
  }).catch((error: unknown) => {
    if (signal?.aborted) throw posternError("Y1017", "The client has gone, so its request was undone.");
    throw error;
  });
  return step!;
}

/** What the owner only reads is nobody's change, and needs no mark. */
async function preludeOf(
  context: RecordContext,
  { target }: RecordCall,
  mark: { requestId: string; secret: string },
  writes: boolean,
): Promise<WritePrelude | undefined> {
  const identity = identityOf(target);
  if (identity === null || (identity === "owner" && !writes)) return undefined;
  return preludeFor(context, identity, mark);
}
