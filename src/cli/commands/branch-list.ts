/** In charge of `postern db branch list`. */
import type { CommandRun } from "../command-spec.ts";
import { formatBytes, formatTime } from "../format.ts";
import { renderColumns } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const branches = await (await context.account()).listBranches(target.ref);
  await output.print(branches, () =>
    renderColumns(
      branches.map((branch) => [
        `${branch.status === "ready" ? output.paint.green("•") : output.paint.dim("•")} ${branch.name}`,
        branch.status,
        branch.size_bytes === null ? "" : formatBytes(branch.size_bytes),
        branch.id,
        branch.branched_at === null ? "" : `of ${formatTime(branch.branched_at)}`,
        branch.expires_at === null ? "" : `until ${formatTime(branch.expires_at)}`,
      ]),
    ),
  );
  if (branches.length === 0) output.talk("No branches. `postern db branch create` makes one.");
  return undefined;
};
