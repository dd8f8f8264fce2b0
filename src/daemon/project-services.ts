/** In charge of giving the HTTP server the functions behind the routes of projects and environments. */
import type { AccountPrincipal } from "../access/principal.ts";
import type { KeyedLock } from "../base/keyed-lock.ts";
import { applyEnvironment } from "../environments/apply-environment.ts";
import { createProject, ensureEnvironment } from "../environments/change-projects.ts";
import { describeEnvironment, describeProject } from "../environments/describe-environment.ts";
import { findEnvironment, findProject, findService } from "../environments/find-environment.ts";
import { readManagedValues } from "../environments/read-managed-values.ts";
import type { ProjectService } from "../http/services/project-services.ts";
import type { Platform } from "../instances/platform.ts";
import { listEnvironments, listProjects, type ProjectRow } from "../state/projects.ts";
import type { DataPlane } from "./data-plane.ts";
import { visibleTo } from "./database-services.ts";

export function projectServices(
  platform: Platform,
  { forgetTokens }: Pick<DataPlane, "forgetTokens">,
  lock: KeyedLock,
): ProjectService {
  const { state } = platform;
  const describe = async (principal: AccountPrincipal, { id }: ProjectRow) =>
    describeProject((await listProjects(state, visibleTo(principal))).find((row) => row.id === id)!);
  return {
    list: async (principal) => (await listProjects(state, visibleTo(principal))).map(describeProject),
    describe: async (principal, { project }) =>
      describe(principal, await findProject(state, principal, project)),
    create: async (principal, { name }) =>
      describe(principal, await createProject(platform, principal.accountId, name)),
    async listEnvironments(principal, { project: ref }) {
      const project = await findProject(state, principal, ref);
      const rows = await listEnvironments(state, project.id);
      return Promise.all(rows.map((row) => describeEnvironment(state, project, row)));
    },
    async describeEnvironment(principal, input) {
      const { project, environment } = await findEnvironment(state, principal, input);
      return describeEnvironment(state, project, environment);
    },
    async saveEnvironment(principal, input) {
      const project = await findProject(state, principal, input.project);
      const row = await ensureEnvironment(platform, project, input.environment, input.protected);
      return describeEnvironment(state, project, row);
    },
    apply: (principal, input) => applyEnvironment(platform, lock, principal, input),
    async readValues(principal, input) {
      const { service } = await findService(state, principal, input);
      const { values, isNewToken } = await readManagedValues(platform, lock, service);
      if (isNewToken) await forgetTokens(service.database_id);
      return values;
    },
    findDatabase: async (principal, input) => (await findService(state, principal, input)).database.id,
  };
}
