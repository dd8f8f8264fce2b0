/** In charge of linking a folder to a database. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import type { CliContext } from "./context.ts";
import { findProject, type Project, writeProject } from "./project-file.ts";
import { resolveApiAccess } from "./user-config.ts";

/** Writes the link of this folder, or of the folder above that is linked already. */
export async function linkProject(
  context: CliContext,
  database: Pick<DatabaseInfo, "id" | "name" | "host">,
  token: string | undefined,
): Promise<Project> {
  const known = await findProject(context.directory);
  const { url } = await resolveApiAccess();
  const project: Project = {
    directory: known?.directory ?? context.directory,
    link: {
      ...(known?.link.migrations === undefined ? {} : { migrations: known.link.migrations }),
      database_id: database.id,
      name: database.name,
      host: database.host,
      ...(token === undefined ? {} : { token }),
      api_url: url,
    },
  };
  await writeProject(project);
  return project;
}
