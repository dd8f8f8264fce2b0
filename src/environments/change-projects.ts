/** In charge of making projects and environments, and of which environments are protected. */
import { posternError } from "../base/error.ts";
import { type AccountId, newProjectId } from "../base/id.ts";
import type { Platform } from "../instances/platform.ts";
import { type EnvironmentRow, insertProject, type ProjectRow, saveEnvironment } from "../state/projects.ts";
import { checkEnvironmentName, checkProjectName, isProtectedByName } from "./environment-names.ts";

/** @throws Y7007 Y7008 */
export async function createProject(
  { state }: Pick<Platform, "state">,
  accountId: AccountId,
  name: string,
): Promise<ProjectRow> {
  const created = await insertProject(state, {
    id: newProjectId(),
    account_id: accountId,
    name: checkProjectName(name),
  });
  if (created) return created;
  throw posternError("Y7008", `You have a project called "${name}" already.`, {
    hint: "`postern project list` shows it.",
  });
}

/** Makes it when it is not there. @throws Y7007 */
export const ensureEnvironment = (
  { state }: Pick<Platform, "state">,
  project: ProjectRow,
  name: string,
  isProtected: boolean | undefined,
): Promise<EnvironmentRow> =>
  saveEnvironment(state, {
    projectId: project.id,
    name: checkEnvironmentName(name),
    isProtected,
    byDefault: isProtectedByName(name),
  });
