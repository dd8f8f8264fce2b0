/** In charge of `postern db branch delete`. */
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireBranch } from "../require-branch.ts";

export const run: CommandRun = async (context, input) => {
  const branch = await requireBranch(context, input);
  const keep = input.flag("snapshot");
  if (!isConfirmed(input))
    await context.prompt.confirm(
      `Delete branch ${branch.name} (${branch.id})? This will destroy all data${keep ? "" : ", for good"}.`,
    );
  const control = await context.account();
  const operation = await control.destroyDatabase(branch.id, { skipSnapshot: keep ? undefined : true });
  await context.finish(control, operation, `Deleting ${branch.name}`);
  context.output.success(`Deleted branch ${branch.name}`);
  await context.output.print({ ...branch, status: "destroyed" }, () => "");
  return undefined;
};
