/** In charge of following all operations of an account at once: whoever looks at many must not hold a stream for each. */
import type { AccountId } from "../base/id.ts";
import { listMovingOperations, type OperationRow } from "../state/operations.ts";
import type { Platform } from "./platform.ts";

/** Who is away for no longer than this misses no end. */
const lately = "1 minute";
const most = 500;
/** Progress comes many times a second. */
const leastMs = 200;
const mostMs = 5_000;

/** First those under way and those that ended lately, perhaps none; then, each time, those that have changed. */
export async function* watchOperations(
  { state, operationEvents, stopping }: Pick<Platform, "state" | "operationEvents" | "stopping">,
  accountId: AccountId | null,
  signal: AbortSignal,
): AsyncGenerator<OperationRow[]> {
  const gone = AbortSignal.any([signal, stopping]);
  let known: Map<string, string> | undefined;
  let hasChanged = true;
  let wake = () => {};
  const unsubscribe = operationEvents.subscribeToAll(() => {
    hasChanged = true;
    wake();
  });
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        gone.removeEventListener("abort", done);
        wake = () => {};
        resolve();
      }
      if (ms > leastMs) wake = done;
      gone.addEventListener("abort", done, { once: true });
    });
  try {
    while (!gone.aborted) {
      hasChanged = false;
      const rows = await listMovingOperations(state, { accountId, lately, limit: most });
      const now = new Map(rows.map((row) => [row.id, JSON.stringify([row.status, row.steps, row.progress])]));
      const changed = rows.filter(({ id }) => known?.get(id) !== now.get(id));
      if (changed.length > 0 || known === undefined) yield changed;
      known = now;
      await pause(leastMs);
      if (!hasChanged && !gone.aborted) await pause(mostMs);
    }
  } finally {
    unsubscribe();
  }
}
