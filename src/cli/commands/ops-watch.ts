/** In charge of `postern ops watch`: until an operation has ended. */
import type { CommandRun } from "../command-spec.ts";
import { renderOperation } from "./ops-show.ts";

export const run: CommandRun = async (context, input) => {
  const control = await context.account();
  const operation = await control.getOperation(input.args[0]!);
  const ended = await context.follow(control, operation, operation.kind);
  await context.output.print(ended, () => renderOperation(ended));
  return ended.status === "completed" ? 0 : 1;
};
