/** In charge of `postern project link`. */
import type { CommandRun } from "../command-spec.ts";
import { linkProjectReference } from "../project-reference.ts";

export const run: CommandRun = async ({ output, account, directory }, input) => {
  const project = await (await account()).getProject(input.args[0]!);
  await linkProjectReference(directory, { project_id: project.id, project: project.name });
  output.success(`Linked this folder to project ${project.name} (${project.id})`);
  await output.print(project, () => "");
  return undefined;
};
