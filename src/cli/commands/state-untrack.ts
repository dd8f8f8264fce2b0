/** In charge of `postern state untrack`. */
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.text("database"));
  const tracked = await (await context.forDatabase(target)).untrackTable(target.ref, input.args[0]!);
  await output.print(tracked, () => "");
  output.success(`Changes of ${tracked.table} are recorded only where they come through /records`);
  return undefined;
};
