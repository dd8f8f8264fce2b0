/** In charge of what a structured query that Postgres refused leaves in the log. */
import { hasCode } from "../base/error.ts";
import { describeAttempt } from "./describe-attempt.ts";
import { findOldRow } from "./find-old-row.ts";
import type { PreparedRecords, RecordCall } from "./record-call.ts";
import type { ToldMutation } from "./request-session.ts";
import { actorOf } from "./whose.ts";

/** Not what the caller has no right to: a stranger who may write nothing must not fill the log. */
export async function describeFailure(
  call: RecordCall,
  { query, relation, compiled }: PreparedRecords,
  error: unknown,
): Promise<ToldMutation[]> {
  if (!compiled.writes || hasCode(error, "42501", "25006", "25P02", "Y1064", "Y1066")) return [];
  const facts = { requestId: call.requestId, actor: actorOf(call.target), at: new Date() };
  const attempts: ToldMutation[] = [];
  for (const attempt of describeAttempt(query, relation, facts)) {
    const old = await findOldRow(call.context, relation, attempt);
    attempts.push(`${JSON.stringify(attempt).slice(0, -1)},"old":${old}}`);
  }
  return attempts;
}
