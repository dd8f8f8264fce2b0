/** In charge of `postern project show`. */
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { requireProjectRef } from "../project-reference.ts";
import { renderFields } from "../table.ts";

export const run: CommandRun = async ({ output, account, directory }, input) => {
  const ref = await requireProjectRef(directory, input.args[0]);
  const project = await (await account()).getProject(ref);
  await output.print(project, () =>
    renderFields([
      ["Name", project.name],
      ["ID", project.id],
      ["Owner", project.owner],
      ["Environments", project.environments.join(", ") || "none"],
      ["Created", formatTime(project.created_at)],
    ]),
  );
  return undefined;
};
