/** In charge of running statements for a database's own tokens: with all of the owner's rights, or only to read. */
import type { QueryOptions } from "./query-context.ts";
import { explainReadOnly, readOnlyBatch } from "./read-only.ts";
import { type Batch, type BatchContext, runBatch } from "./run-batch.ts";

/** @throws PosternError */
export async function runOwnerBatch(
  context: BatchContext,
  batch: Batch,
  { signal, readOnly }: QueryOptions,
): Promise<void> {
  if (!readOnly) return runBatch(context, batch, signal);
  try {
    await runBatch(context, readOnlyBatch(batch), signal);
  } catch (error) {
    throw explainReadOnly(error, batch.statements);
  }
}
