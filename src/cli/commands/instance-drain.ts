/** In charge of `postern admin instance drain`. */
import type { CommandRun } from "../command-spec.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const instance = await (await context.account()).drainInstance(input.args[0]!, !input.flag("off"));
  output.success(
    instance.draining
      ? `${instance.name} takes nothing new; ${instance.databases} databases are on it`
      : `${instance.name} takes databases again`,
  );
  await output.print(instance, () => "");
  return undefined;
};
