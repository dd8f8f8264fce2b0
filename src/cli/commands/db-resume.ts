/** In charge of `postern db resume`. */
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";
import { renderDatabase } from "./db-info.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const info = await (await context.forDatabase(target)).resumeDatabase(target.ref);
  context.output.success(`${info.name} is awake`);
  await context.output.print(info, () => renderDatabase(info));
  return undefined;
};
