/** In charge of what can be said of projects and environments. */
import type { EnvironmentInfo, ProjectInfo } from "@postern/sdk/protocol";
import { listBoundServices } from "../state/environment-services.ts";
import type { EnvironmentRow, ProjectRow, ProjectRowWithFacts } from "../state/projects.ts";
import type { Queryable } from "../state/state.ts";

export const describeProject = (row: ProjectRowWithFacts): ProjectInfo => ({
  id: row.id,
  name: row.name,
  owner: row.owner,
  environments: row.environments,
  created_at: row.created_at.toISOString(),
});

export async function describeEnvironment(
  db: Queryable,
  project: ProjectRow,
  row: EnvironmentRow,
): Promise<EnvironmentInfo> {
  const services = await listBoundServices(db, { project_id: project.id, environment: row.name });
  return {
    project_id: project.id,
    project: project.name,
    name: row.name,
    protected: row.is_protected,
    services: services.map(({ service, in_manifest, database }) => ({
      service,
      in_manifest,
      database: {
        id: database.id,
        name: database.name,
        class: database.class,
        status: database.status === "ready" && database.paused_at !== null ? "paused" : database.status,
      },
    })),
    created_at: row.created_at.toISOString(),
    applied_at: row.applied_at?.toISOString() ?? null,
  };
}
