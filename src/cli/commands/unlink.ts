/** In charge of `postern unlink`. */
import type { CommandRun } from "../command-spec.ts";
import { findProject, removeProject } from "../project-file.ts";

export const run: CommandRun = async ({ output, directory }) => {
  const project = await findProject(directory);
  if (project) await removeProject(project);
  output.success(
    project ? `Unlinked ${project.directory} from ${project.link.name}` : "This folder is not linked",
  );
  await output.print({ unlinked: project !== undefined }, () => "");
  return undefined;
};
