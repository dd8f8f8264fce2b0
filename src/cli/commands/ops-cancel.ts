/** In charge of `postern ops cancel`: until what the operation has begun is undone. */
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { renderOperation } from "./ops-show.ts";

export const run: CommandRun = async (context, input) => {
  const control = await context.account();
  const operation = await control.cancelOperation(input.args[0]!);
  const ended = await context.follow(control, operation, `Undoing ${operation.kind}`);
  if (ended.status !== "canceled")
    throw posternError("Y7060", `It was ${ended.status} before it could be canceled.`);
  context.output.success(`Canceled ${ended.id}`);
  await context.output.print(ended, () => renderOperation(ended));
  return undefined;
};
