/** In charge of `postern db client-access disable`. */
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.account();
  const { id } = await control.getDatabase(target.ref);
  const info = await control.disableClientAccess(id);
  output.success(`client-access ${info.changed ? "" : "already "}disabled on ${id}`);
  await output.print(info, () => "");
  return undefined;
};
