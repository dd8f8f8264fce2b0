/** In charge of `postern db backup show`. */
import type { CommandRun } from "../command-spec.ts";
import { renderBackup } from "./backup-create.ts";

export const run: CommandRun = async (context, input) => {
  const backup = await (await context.account()).getBackup(input.args[0]!);
  await context.output.print(backup, () => renderBackup(backup));
  return undefined;
};
