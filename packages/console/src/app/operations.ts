/**
 * In charge of long work that is watched: its steps as they pass, over a stream of events that is opened again when it breaks,
 * and what this session has started, until it ends.
 */
import type { ErrorBody, OperationInfo } from "@postern/sdk/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError, isAbort, problemOf, send } from "./api.ts";
import { pause, readEvents } from "./events.ts";
import { invalidate } from "./resource.ts";

export const isOver = ({ status }: Pick<OperationInfo, "status">): boolean =>
  status === "completed" || status === "failed" || status === "canceled";

const retryMs = [300, 1_000, 2_000, 5_000];

/** Calls back at each change until the operation is over or the signal fires. */
export async function followOperation(
  id: string,
  onChange: (operation: OperationInfo) => void,
  abort: AbortSignal,
): Promise<void> {
  let last: OperationInfo | undefined;
  for (let failures = 0; !abort.aborted && !(last && isOver(last)); failures += 1) {
    try {
      const response = await send(`/console/v1/operations/${id}/events`, { signal: abort });
      await readEvents<OperationInfo>(response, (operation) => {
        failures = 0;
        last = operation;
        onChange(operation);
      });
    } catch (error) {
      if (isAbort(error) || abort.aborted) return;
      // What it refuses it will refuse again; what does not answer may.
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) throw error;
    }
    if (last && isOver(last)) return;
    await pause(retryMs[Math.min(failures, retryMs.length - 1)]!, abort);
  }
}

/** The operation as it is now, for a page that shows it. */
export function useOperation(start: OperationInfo): ReadonlySignal<OperationInfo> {
  const state = useMemo(() => signal(start), [start.id]);
  useEffect(() => {
    if (isOver(state.peek())) return;
    const abort = new AbortController();
    followOperation(
      start.id,
      (operation) => {
        state.value = operation;
      },
      abort.signal,
    ).catch(() => {});
    return () => abort.abort();
  }, [start.id]);
  return state;
}

export interface TrackedWork {
  id: string;
  title: string;
  operation: OperationInfo | undefined;
  problem: ErrorBody | undefined;
}

/** What this page has started, newest first; the tray at the edge shows it. */
export const trackedWork = signal<TrackedWork[]>([]);

function change(id: string, changes: Partial<TrackedWork>): void {
  trackedWork.value = trackedWork.peek().map((work) => (work.id === id ? { ...work, ...changes } : work));
}

export const dismissWork = (id: string): void => {
  trackedWork.value = trackedWork.peek().filter((work) => work.id !== id);
};

/** Shows it until it ends, then asks again for what it may have changed. Resolves when it is over. */
export async function trackOperation(
  id: string,
  title: string,
  start?: OperationInfo,
): Promise<OperationInfo | undefined> {
  trackedWork.value = [{ id, title, operation: start, problem: undefined }, ...trackedWork.peek()];
  let last = start;
  try {
    await followOperation(
      id,
      (operation) => {
        last = operation;
        change(id, { operation });
      },
      new AbortController().signal,
    );
  } catch (error) {
    change(id, { problem: problemOf(error) });
  }
  invalidate("/databases");
  invalidate("/operations");
  invalidate("/status");
  if (last?.status === "completed") window.setTimeout(() => dismissWork(id), 6_000);
  return last;
}
