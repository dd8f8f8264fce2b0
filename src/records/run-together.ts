/** In charge of several structured queries in one transaction: all or none. */
import type { JsonValue, RecordQuery } from "@postern/sdk/protocol";
import type { RecordCall } from "./record-call.ts";
import { frameFor } from "./record-context.ts";
import type { RecordOptions } from "./record-service.ts";
import { RequestSession } from "./request-session.ts";
import { prepareRecords, runPrepared } from "./run-records.ts";
import { beginFor, identityOf } from "./whose.ts";

/** Called with what each answered, before anything is kept. @throws to undo it all */
export type CheckRows = (rows: Record<string, JsonValue>[], index: number) => void;

/** @throws PosternError of the first that fails; what was tried is in the log, as rolled back. */
export async function runTogether(
  call: RecordCall,
  queries: readonly RecordQuery[],
  check: CheckRows,
  { signal }: RecordOptions,
): Promise<void> {
  // Before the transaction, as making a table ready for the log takes one of its own.
  const prepared = [];
  for (const query of queries) prepared.push(await prepareRecords(call, query));
  const { side, frame } = await frameFor(call.context, identityOf(call.target), {
    requestId: call.requestId,
    begin: beginFor(call.target),
  });
  const session = await RequestSession.open(side, frame, signal);
  try {
    for (const [index, one] of prepared.entries()) {
      const answer = Buffer.concat(await runPrepared(call, session, one)).toString();
      check(JSON.parse(answer) as Record<string, JsonValue>[], index);
    }
    await session.commit();
  } catch (error) {
    await session.rollback();
    await call.attempts.write([...session.told]);
    throw error;
  }
}
