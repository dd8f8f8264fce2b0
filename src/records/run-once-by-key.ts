/** In charge of doing a write once, however often it is sent: its answer is kept in the same transaction, under the key that it came with. */
import { createHash } from "node:crypto";
import type { RecordQuery } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { silentStep } from "../query/batch-exchange.ts";
import { TextStep } from "../query/text-step.ts";
import type { RequestSession } from "./request-session.ts";

export interface OnceOnly {
  /** Keys of one caller mean nothing to another. */
  caller: string;
  key: string;
  query: RecordQuery;
}

/** A longer answer is not kept: a repetition is then refused instead of answered. */
const mostKeptBytes = 1024 * 1024;

interface KeptAnswer {
  fingerprint: string;
  answer: string | null;
}

/** A request with the same key that is under way is waited for. @throws Y1070 when the key was used for something else */
export async function runOnceByKey(
  session: RequestSession,
  { caller, key, query }: OnceOnly,
  work: () => Promise<Buffer[]>,
): Promise<Buffer[]> {
  const fingerprint = createHash("sha256").update(JSON.stringify(query)).digest("hex");
  const claim = new TextStep();
  await session.run(
    {
      sql: "select pg_catalog.to_json(k)::pg_catalog.text from postern.claim_key($1, $2, $3, $4) k where k.key is not null",
      params: [session.secret, caller, key, fingerprint],
    },
    claim,
  );
  if (claim.text !== undefined)
    return [Buffer.from(answerOf(JSON.parse(claim.text) as KeptAnswer, fingerprint))];
  const chunks = await work();
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (bytes <= mostKeptBytes) {
    const answer = Buffer.concat(chunks).toString("utf8");
    await session.run(
      { sql: "select postern.keep_answer($1, $2, $3, $4)", params: [session.secret, caller, key, answer] },
      silentStep,
    );
  }
  return chunks;
}

function answerOf(kept: KeptAnswer, fingerprint: string): string {
  if (kept.fingerprint !== fingerprint) {
    throw posternError("Y1070", "The idempotency key was used for another request.", {
      hint: "Make a new key for each request, and send the same one only with the same request.",
    });
  }
  if (kept.answer !== null) return kept.answer;
  throw posternError("Y1070", "The request was done before, and its answer was too large to be kept.", {
    hint: "Select the rows to see what it did.",
  });
}
