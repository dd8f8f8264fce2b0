/** In charge of long work that is watched: its steps as they pass, and what this session has started, until it ends. */
import type { ErrorBody, OperationInfo } from "@postern/sdk/protocol";
import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ask, problemOf } from "./api.ts";
import { isOver, subscribe } from "./operation-stream.ts";
import { invalidate } from "./resource.ts";

export { isOver } from "./operation-stream.ts";

/** Calls back at each change, and resolves when the operation is over. @throws ApiError when there is none */
export async function followOperation(
  id: string,
  onChange: (operation: OperationInfo) => void = () => {},
): Promise<OperationInfo> {
  let leave = () => {};
  try {
    return await new Promise<OperationInfo>((resolve, reject) => {
      let ended = false;
      // What was asked for may come behind news of its end.
      const hear = (operation: OperationInfo) => {
        if (ended) return;
        ended = isOver(operation);
        onChange(operation);
        if (ended) resolve(operation);
      };
      leave = subscribe(id, hear);
      ask<OperationInfo>(`/operations/${id}`).then(hear, reject);
    });
  } finally {
    leave();
  }
}

/** The operation as it is now, for a page that shows it. */
export function useOperation(start: OperationInfo): ReadonlySignal<OperationInfo> {
  const state = useMemo(() => signal(start), [start.id]);
  useEffect(() => {
    if (isOver(state.peek())) return;
    return subscribe(start.id, (operation) => {
      state.value = operation;
    });
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
    await followOperation(id, (operation) => {
      last = operation;
      change(id, { operation });
    });
  } catch (error) {
    change(id, { problem: problemOf(error) });
  }
  invalidate("/databases");
  invalidate("/operations");
  invalidate("/status");
  if (last?.status === "completed") window.setTimeout(() => dismissWork(id), 6_000);
  return last;
}
