/** In charge of `postern project create`. */
import type { CommandRun } from "../command-spec.ts";
import { linkProjectReference } from "../project-reference.ts";

export const run: CommandRun = async ({ output, account, directory }, input) => {
  const project = await (await account()).createProject({ name: input.args[0]! });
  await linkProjectReference(directory, { project_id: project.id, project: project.name });
  output.success(`Created project ${project.name} (${project.id}) and linked this folder to it`);
  await output.print(project, () => "");
  return undefined;
};
