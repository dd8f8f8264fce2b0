/**
 * In charge of everything that changes something: a locked session asks for its key first, errors are told, and work that takes
 * longer is shown in the tray until it is done.
 */
import type { ErrorBody, OperationInfo } from "@postern/sdk/protocol";
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { ApiError, ask, problemOf, session } from "./api.ts";
import { trackOperation } from "./operations.ts";
import { invalidate } from "./resource.ts";
import { unlocked } from "./session.ts";

/** Someone waits for the session to be unlocked: called with the answer. */
export const unlockWanted = signal<((unlocked: boolean) => void) | null>(null);

/** False: the person did not want to. */
export function requireUnlocked(): Promise<boolean> {
  if (unlocked.peek()) return Promise.resolve(true);
  return new Promise((resolve) => {
    unlockWanted.value = (answer) => {
      unlockWanted.value = null;
      resolve(answer);
    };
  });
}

export interface Change {
  busy: boolean;
  problem: ErrorBody | undefined;
  /** Resolves with undefined when it failed, or was not to be. */
  run<Result>(work: () => Promise<Result>): Promise<Result | undefined>;
  clear(): void;
}

/** Something that a page changes: whether it is under way, and what went wrong. */
export function useChange(): Change {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ErrorBody>();
  return {
    busy,
    problem,
    clear: () => setProblem(undefined),
    async run(work) {
      setProblem(undefined);
      if (!(await requireUnlocked())) return undefined;
      setBusy(true);
      try {
        return await work();
      } catch (error) {
        // It locked itself in the meantime.
        if (error instanceof ApiError && error.code === "Y1090" && session.peek())
          session.value = { ...session.peek()!, unlocked_until: null };
        setProblem(problemOf(error));
        return undefined;
      } finally {
        setBusy(false);
      }
    },
  };
}

/** Starts an operation and watches it in the tray. */
export async function startWork(
  title: string,
  path: string,
  { method = "POST", body }: { method?: string; body?: unknown } = {},
): Promise<OperationInfo> {
  const operation = await ask<OperationInfo>(path, { method, ...(body !== undefined && { body }) });
  void trackOperation(operation.id, title, operation);
  invalidate("/databases");
  invalidate("/operations");
  return operation;
}
