/**
 * In charge of carrying an operation to one of its two ends: done, or undone. A fault that passes (a server that is
 * being started again) is waited out; a daemon that stops leaves the operation to its successor.
 */

import type { ErrorBody } from "@postern/sdk/protocol";
import { sleep } from "../base/clock.ts";
import { asPosternError, hasCode, messageOf, PosternError } from "../base/error.ts";
import type { DatabaseId, InstanceId, OperationId } from "../base/id.ts";
import { canceled } from "../instances/cancel-operation.ts";
import { notePassword } from "../instances/note-password.ts";
import { createOperationRun, type OperationHandler, type OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { wakeInstance } from "../instances/sleeping-instance.ts";
import { findDatabaseById, updateDatabase } from "../state/databases.ts";
import {
  findOperation,
  finishOperation,
  markOperationStarted,
  type OperationRow,
} from "../state/operations.ts";
import { isPassingFault } from "./is-passing-fault.ts";

export type OperationHandlers = Record<string, OperationHandler>;

/** How long passing faults are waited out before the operation is given up. */
const patienceMs = 90_000;
/** An undo that cannot be done is tried so often, and then ends as well: nobody waits for it for ever. */
const undoAttempts = 5;

export interface OperationListener {
  /** A database that slept was woken for the operation. */
  woken(id: DatabaseId): void;
  ended(operation: OperationRow): Promise<void>;
}

export async function runOperation(
  platform: Platform,
  handlers: OperationHandlers,
  id: OperationId,
  listener?: OperationListener,
): Promise<void> {
  const row = await findOperation(platform.state, id);
  if (!row || (row.status !== "pending" && row.status !== "running")) return;
  const handler = handlers[row.kind];
  if (!handler) throw new Error(`no handler for operations of kind ${row.kind}`);
  await markOperationStarted(platform.state, id, platform.runner ?? null);
  const cancel = watchCancel(platform, handler, row);
  const run = createOperationRun(platform, row, cancel.signal);
  const startedAt = performance.now();
  const tell = (event: "started" | "completed" | "failed", extra: { code?: string; detail?: string } = {}) =>
    platform.observe({
      type: "operation",
      operationId: id,
      kind: row.kind,
      event,
      durationMs: performance.now() - startedAt,
      ...extra,
    });
  tell("started");
  const undoing = row.input.undoing as ErrorBody | undefined;
  const failure =
    undoing ?? (await attempt(platform, run, handler, { cancel, listener }).finally(cancel.end));
  if (failure === undefined) {
    tell("completed");
  } else {
    await giveUp(platform, run, handler, failure);
    tell("failed", { code: failure.code, detail: failure.message });
  }
  platform.operationEvents.announce(id);
  await listener?.ended(row);
}

interface Cancel {
  /** Of now: once there is no way back, and while it is undone, only the daemon's end counts. */
  signal(): AbortSignal;
  isWanted(): boolean;
  end(): void;
}

function watchCancel(platform: Platform, handler: OperationHandler, row: OperationRow): Cancel {
  const wanted = new AbortController();
  const both = AbortSignal.any([platform.stopping, wanted.signal]);
  const stopListening = platform.operationEvents.onCancel(row.id, () => wanted.abort(canceled()));
  if (row.input.cancel_wanted === true) wanted.abort(canceled());
  let isOver = row.input.undoing !== undefined;
  const counts = () => !isOver && handler.canCancel?.(row.input) === true;
  return {
    signal: () => (counts() ? both : platform.stopping),
    isWanted: () => wanted.signal.aborted && counts(),
    end() {
      isOver = true;
      stopListening();
    },
  };
}

/** Undefined when it is done; else why it has to be undone. Throws only when the daemon stops. */
async function attempt(
  platform: Platform,
  run: OperationRun,
  handler: OperationHandler,
  { cancel, listener }: { cancel: Cancel; listener: OperationListener | undefined },
): Promise<ErrorBody | undefined> {
  try {
    if (cancel.isWanted()) throw canceled();
    await patiently(platform, run.row, async () => {
      await wakeForWork(platform, run.row, listener);
      await notePasswordBefore(platform, run.row);
      const result = await handler.run(platform, run);
      await finishOperation(platform.state, run.id, { status: "completed", result }, platform.runner ?? null);
    });
    return undefined;
  } catch (error) {
    throwIfNotOurs(platform, error);
    // Whatever a step that was cut off says.
    if (cancel.isWanted()) return canceled().toBody();
    const known = asPosternErrorOrSql(error);
    if (known.code === "Y9001") platform.observe({ type: "fault", where: `operation ${run.id}`, error });
    return known.toBody();
  }
}

/** Work that stops a server, or moves it, must find it awake; one that cannot be woken is the work's own affair. */
async function wakeForWork(
  platform: Platform,
  { id, database_id: databaseId }: OperationRow,
  listener: OperationListener | undefined,
): Promise<void> {
  const row = databaseId === null ? undefined : await findDatabaseById(platform.state, databaseId);
  if (!row?.paused_at || row.isolation === "shared" || row.instance_id === null) return;
  await wakeInstance(platform, row.instance_id as InstanceId).then(
    () => listener?.woken(row.id),
    (error: unknown) => platform.observe({ type: "fault", where: `waking ${row.id} for ${id}`, error }),
  );
}

/** What moves or replaces a database sets its password anew: as it is now, not as it was when Postern chose it. */
async function notePasswordBefore(
  platform: Platform,
  { id, database_id: databaseId }: OperationRow,
): Promise<void> {
  const row = databaseId === null ? undefined : await findDatabaseById(platform.state, databaseId);
  if (!row || row.paused_at !== null) return;
  await notePassword(platform, row).catch((error: unknown) =>
    platform.observe({ type: "fault", where: `the password of ${row.id} before ${id}`, error }),
  );
}

/** What is being undone is written down first, so that a successor goes on undoing instead of trying again. */
async function giveUp(
  platform: Platform,
  run: OperationRun,
  handler: OperationHandler,
  failure: ErrorBody,
): Promise<void> {
  await patiently(platform, run.row, () => run.remember({ undoing: failure }));
  const left = await undo(platform, run, handler);
  await patiently(platform, run.row, async () => {
    if (left !== undefined) await noteHalfDone(platform, run.row);
    const status = failure.code === canceled().code ? "canceled" : "failed";
    const error = left === undefined ? failure : withDetail(failure, left);
    const end = { status, error, result: run.row.result } as const;
    await finishOperation(platform.state, run.id, end, platform.runner ?? null);
  });
}

/** The daemon stops, or another control plane is at the operation: nothing of it is this one's any more. */
function throwIfNotOurs({ stopping }: Platform, error: unknown): void {
  stopping.throwIfAborted();
  if (hasCode(error, "Y8034")) throw error;
}

/** Returns why it cannot be undone. Faults that pass are not among the reasons: they are thrown, and tried again later. */
async function undo(
  platform: Platform,
  run: OperationRun,
  handler: OperationHandler,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await patiently(platform, run.row, async () => handler.undo?.(platform, run));
      return undefined;
    } catch (error) {
      throwIfNotOurs(platform, error);
      if (isPassingFault(error)) throw error;
      platform.observe({ type: "fault", where: `undoing ${run.id}`, error });
      if (attempt === undoAttempts) return messageOf(error);
      await sleep(250 * 2 ** attempt, platform.stopping);
    }
  }
}

/** Such a database can be destroyed, and nothing else. */
async function noteHalfDone(platform: Platform, { database_id: id }: OperationRow): Promise<void> {
  const row = id === null ? undefined : await findDatabaseById(platform.state, id);
  if (row && row.status !== "ready" && row.status !== "destroyed")
    await updateDatabase(platform.state, row.id, { status: "failed" });
}

const withDetail = (failure: ErrorBody, left: string): ErrorBody => ({
  ...failure,
  detail: [failure.detail, `It could not be undone either: ${left}`].filter(Boolean).join("\n"),
});

/** Repeats `work` over faults that pass. */
async function patiently(platform: Platform, row: OperationRow, work: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = 100; ; pauseMs = Math.min(2_000, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      platform.stopping.throwIfAborted();
      if (!isPassingFault(error) || performance.now() > deadline) throw error;
      platform.observe({
        type: "operation",
        operationId: row.id,
        kind: row.kind,
        event: "retried",
        detail: messageOf(error),
      });
      await sleep(pauseMs, platform.stopping);
    }
  }
}

/** Errors of Postgres keep their own code. */
function asPosternErrorOrSql(error: unknown) {
  const { code, detail, hint } = error as { code?: unknown; detail?: string; hint?: string };
  if (
    error instanceof Error &&
    typeof code === "string" &&
    /^[0-9A-Z]{5}$/.test(code) &&
    error.name !== "PosternError"
  ) {
    return new PosternError(code, error.message, { detail, hint });
  }
  return asPosternError(error);
}
