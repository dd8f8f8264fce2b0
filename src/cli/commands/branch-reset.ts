/** In charge of `postern db branch reset`. */
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireBranch } from "../require-branch.ts";

export const run: CommandRun = async (context, input) => {
  const branch = await requireBranch(context, input);
  if (!isConfirmed(input))
    await context.prompt.confirm(`Reset branch ${branch.name} (${branch.id})? Its own changes will be lost.`);
  const control = await context.account();
  const ended = await context.finish(
    control,
    await control.resetBranch(branch.id),
    `Resetting ${branch.name}`,
  );
  context.output.success(`Branch ${branch.name} is what its parent is now`);
  await context.output.print(ended.result, () => "");
  return undefined;
};
