/** In charge of running statements for a database's own tokens: with all of the owner's rights, or only to read. */
import type { QueryOptions } from "./query-context.ts";
import { explainReadOnly, readOnlyBatch } from "./read-only.ts";
import { type Batch, type BatchContext, runBatch } from "./run-batch.ts";

/** @throws PosternError */
export async function runOwnerBatch(
  context: BatchContext,
  batch: Batch,
  { signal, readOnly, trace }: QueryOptions,
): Promise<void> {
  const traced = trace ? { ...batch, onSend: () => trace.sent() } : batch;
  if (!readOnly) return runBatch(context, traced, signal);
  try {
    await runBatch(context, readOnlyBatch(traced), signal);
  } catch (error) {
    throw explainReadOnly(error, batch.statements);
  }
}
