/** In charge of `postern admin instance deregister`. */
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";

export const run: CommandRun = async (context, input) => {
  const { output, prompt } = context;
  const control = await context.account();
  const instance = await control.showInstance(input.args[0]!);
  if (!isConfirmed(input))
    await prompt.confirm(`Deregister ${instance.name}? Postern's roles and template on it are dropped.`);
  const gone = await control.deregisterInstance(instance.id, { force: input.flag("leaveBehind") });
  output.success(`Deregistered instance ${gone.name}`);
  if (gone.left_behind) output.warn("It did not answer: Postern's roles are still there (postern_…).");
  await output.print(gone, () => "");
  return undefined;
};
