/** In charge of waiting until an operation ends, or a while. */

import { posternError } from "../base/error.ts";
import type { OperationId } from "../base/id.ts";
import { findOperation, type OperationRow } from "../state/operations.ts";
import type { Platform } from "./platform.ts";

const ended = (row: OperationRow): boolean => row.status !== "pending" && row.status !== "running";

/** The operation as it stands at its end, or when `timeoutMs` have passed or `signal` fires. @throws Y3010 */
export async function awaitOperation(
  platform: Platform,
  id: OperationId,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<OperationRow> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    // Subscribed before it is read, so that no change falls between the two.
    const changed = nextChange(platform, id, Math.min(1_000, deadline - performance.now()), signal);
    const row = await findOperation(platform.state, id);
    if (!row) {
      changed.cancel();
      throw posternError("Y3010", `There is no operation ${id}.`, { hint: "`postern ops list` lists them." });
    }
    if (ended(row) || performance.now() >= deadline || signal?.aborted) {
      changed.cancel();
      return row;
    }
    await changed.promise;
  }
}

/** The operation now and after every change, its end included. */
export async function* watchOperation(
  platform: Platform,
  id: OperationId,
  signal: AbortSignal,
): AsyncGenerator<OperationRow> {
  let last = "";
  while (!signal.aborted) {
    const changed = nextChange(platform, id, 1_000, signal);
    const row = await findOperation(platform.state, id);
    if (!row) {
      changed.cancel();
      throw posternError("Y3010", `There is no operation ${id}.`, { hint: "`postern ops list` lists them." });
    }
    const text = JSON.stringify([row.status, row.steps, row.progress]);
    if (text !== last) yield row;
    last = text;
    if (ended(row)) {
      changed.cancel();
      return;
    }
    await changed.promise;
  }
}

/** Resolves at the next announcement; after `timeoutMs` in any case, as a fallback. */
function nextChange(
  platform: Platform,
  id: OperationId,
  timeoutMs: number,
  signal?: AbortSignal,
): { promise: Promise<void>; cancel(): void } {
  let cancel = () => {};
  const promise = new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      unsubscribe();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, timeoutMs));
    const unsubscribe = platform.operationEvents.subscribe(id, done);
    signal?.addEventListener("abort", done, { once: true });
    cancel = done;
  });
  return { promise, cancel };
}
