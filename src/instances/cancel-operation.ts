/** In charge of ending work before its end: what has begun of it is undone, where that can be done. */
import { posternError } from "../base/error.ts";
import type { OperationId } from "../base/id.ts";
import { lockOperation, mergeOperationInput, type OperationRow } from "../state/operations.ts";
import type { OperationHandler } from "./operation-run.ts";
import type { Platform } from "./platform.ts";

export type Handlers = Readonly<Record<string, OperationHandler>>;

/** Written down first: a daemon that dies meanwhile has its successor undo it. @throws Y7060 Y7061 */
export async function cancelOperation(
  { state, operationEvents }: Pick<Platform, "state" | "operationEvents">,
  handlers: Handlers,
  id: OperationId,
): Promise<OperationRow> {
  const row = await state.transaction(async (tx) => {
    const found = await lockOperation(tx, id);
    if (found.status !== "pending" && found.status !== "running") {
      throw posternError("Y7060", `Operation ${id} has ended: it is ${found.status}.`);
    }
    if (handlers[found.kind]?.canCancel?.(found.input) !== true) {
      throw posternError("Y7061", `Operation ${id} cannot be canceled: it is ${found.kind}.`, {
        detail: "What it has begun cannot be undone.",
        hint: `\`postern ops watch ${id}\` waits for its end.`,
      });
    }
    await mergeOperationInput(tx, id, { cancel_wanted: true });
    return found;
  });
  operationEvents.cancel(id);
  return row;
}

export const canceled = () => posternError("Y7062", "It was canceled.");
