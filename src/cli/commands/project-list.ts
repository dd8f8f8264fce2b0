/** In charge of `postern project list`. */
import type { CommandRun } from "../command-spec.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async ({ output, account }) => {
  const projects = await (await account()).listProjects();
  await output.print(projects, () =>
    renderColumns(
      projects.map(({ name, id, environments, owner }) => [
        `${output.paint.green("•")} ${name}`,
        id,
        environments.join(", ") || "no environments",
        owner,
      ]),
    ),
  );
  if (projects.length === 0) output.talk("No projects yet. `postern apply` makes one from a postern.yaml.");
  return undefined;
};
