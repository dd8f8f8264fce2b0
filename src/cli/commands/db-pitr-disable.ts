/** In charge of `postern db pitr disable`. */
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.account();
  if (!isConfirmed(input))
    await context.prompt.confirm(
      `Stop archiving ${target.ref} and delete its archive? No moment of the past can be restored then.`,
    );
  await context.finish(control, await control.disablePointInTime(target.ref), "Deleting the archive");
  context.output.success("Nothing is archived any more");
  await context.output.print(await control.getPointInTime(target.ref), () => "");
  return undefined;
};
