/** In charge of `postern db branch promote`. */
import type { CommandRun } from "../command-spec.ts";
import { confirmDestruction } from "../confirm-destruction.ts";
import { requireBranch } from "../require-branch.ts";

export const run: CommandRun = async (context, input) => {
  const branch = await requireBranch(context, input);
  const control = await context.account();
  const parent = await control.getDatabase(branch.parent_id);
  await confirmDestruction(
    context,
    input,
    parent,
    `Put branch ${branch.name} in the place of ${parent.name} (${parent.id})? This will overwrite current data.`,
  );
  const operation = await control.promoteBranch(
    branch.id,
    input.flag("skipSafetySnapshot") ? { skip_safety_snapshot: true } : {},
  );
  const ended = await context.finish(control, operation, `Promoting ${branch.name}`);
  const { safety_backup_id: backup } = ended.result as { safety_backup_id: string | null };
  context.output.success(`${parent.name} has the data of ${branch.name}`);
  await context.output.print(ended.result, () => "");
  if (backup !== null)
    context.output.talk(`  What it was before: postern db backup restore ${backup} -d ${parent.name}`);
  return undefined;
};
