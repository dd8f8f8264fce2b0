/** In charge of running statements for a database's own tokens: with all of the owner's rights, or only to read. */
import type { QueryOptions } from "./query-context.ts";
import { explainReadOnly, readOnlyBatch } from "./read-only.ts";
import { type Batch, type BatchContext, runBatch } from "./run-batch.ts";

/** @throws PosternError */
export async function runOwnerBatch(
  context: BatchContext,
  batch: Batch,
  { signal, readOnly, trace, requestId }: QueryOptions,
): Promise<void> {
  const traced = trace ? { ...batch, onSend: () => trace.sent() } : batch;
  if (!readOnly) return runMarked(context, traced, { signal, requestId });
  try {
    await runBatch(context, readOnlyBatch(traced), signal);
  } catch (error) {
    throw explainReadOnly(error, batch.statements);
  }
}

/** Where the mark is refused nothing has run yet, and it runs without: the log must not stand in a statement's way. */
async function runMarked(
  context: BatchContext,
  batch: Batch,
  { signal, requestId }: Pick<QueryOptions, "signal" | "requestId">,
): Promise<void> {
  let isRefused = false;
  const mark = await context.marks?.markFor(batch, requestId, () => {
    isRefused = true;
  });
  try {
    await runBatch(context, mark ? { ...batch, mark } : batch, signal);
  } catch (error) {
    if (!isRefused) throw error;
    await runBatch(context, batch, signal);
  }
}
