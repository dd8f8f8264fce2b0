/** In charge of what the code of an operation sees of it while it runs: steps, progress, and the end of the daemon. */
import type { OperationStep } from "@postern/sdk/protocol";
import {
  type OperationRow,
  rememberInput,
  saveOperationProgress,
  saveOperationSteps,
} from "../state/operations.ts";
import type { Platform } from "./platform.ts";

export interface OperationRun {
  readonly id: OperationRow["id"];
  readonly row: OperationRow;
  /** Fires when the daemon stops or the operation is canceled. */
  readonly signal: AbortSignal;
  /** Runs one named, repeatable step and records its beginning and end. */
  step<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
  /** Records how far the running step is, at most five times a second. */
  progress(done: number, total: number | null, unit: string): void;
  /** Keeps a fact for a later attempt of the same operation (after a crash), before acting on it. */
  remember(input: Record<string, unknown>): Promise<void>;
}

/** How one kind of operation is done and, when it fails for good, undone. Both must be repeatable at any point. */
export interface OperationHandler {
  run(platform: Platform, run: OperationRun): Promise<unknown>;
  undo?(platform: Platform, run: OperationRun): Promise<void>;
  /** Whether it can still be canceled, which undoes it; absent: never. */
  canCancel?(input: Readonly<Record<string, unknown>>): boolean;
}

/** @param signal asked again at each use: what is undone is not canceled any more */
export function createOperationRun(
  platform: Platform,
  row: OperationRow,
  signal: AbortSignal | (() => AbortSignal),
): OperationRun {
  const signalNow = typeof signal === "function" ? signal : () => signal;
  const runner = platform.runner ?? null;
  const steps: OperationStep[] = [];
  let progressSavedAt = 0;
  const save = async () => {
    await saveOperationSteps(platform.state, row.id, steps, runner);
    platform.operationEvents.announce(row.id);
  };
  return {
    id: row.id,
    row,
    get signal() {
      return signalNow();
    },
    async step(name, work) {
      signalNow().throwIfAborted();
      const step: OperationStep = {
        name,
        status: "running",
        started_at: platform.clock.now().toISOString(),
        finished_at: null,
      };
      steps.push(step);
      await save();
      const startedAt = performance.now();
      try {
        const result = await work();
        step.status = "completed";
        return result;
      } catch (error) {
        step.status = "failed";
        throw error;
      } finally {
        step.finished_at = platform.clock.now().toISOString();
        await save().catch(() => {});
        platform.observe({
          type: "operation",
          operationId: row.id,
          kind: row.kind,
          event: "step",
          step: name,
          durationMs: performance.now() - startedAt,
        });
      }
    },
    progress(done, total, unit) {
      const now = performance.now();
      if (now - progressSavedAt < 200) return;
      progressSavedAt = now;
      saveOperationProgress(platform.state, row.id, { done, total, unit })
        .then(() => platform.operationEvents.announce(row.id))
        .catch(() => {});
    },
    async remember(input) {
      Object.assign(row.input, input);
      await rememberInput(platform.state, row.id, input, runner);
    },
  };
}
