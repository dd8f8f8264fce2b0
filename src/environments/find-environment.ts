/** In charge of finding projects, environments and the databases of their services, among those that a caller may see. */
import type { AccountPrincipal } from "../access/principal.ts";
import { posternError } from "../base/error.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { type BoundService, listBoundServices } from "../state/environment-services.ts";
import {
  type EnvironmentRow,
  findEnvironment as findEnvironmentRow,
  findProjects,
  listEnvironments,
  type ProjectRow,
} from "../state/projects.ts";
import type { Queryable } from "../state/state.ts";

/** By id or by name; one's own before others'. Undefined: the caller sees none. @throws Y1001 */
export async function lookUpProject(
  db: Queryable,
  principal: AccountPrincipal,
  ref: string,
): Promise<ProjectRow | undefined> {
  const accountId = principal.role === "admin" ? null : principal.accountId;
  const candidates = await findProjects(db, { ref, accountId });
  const known =
    candidates.find((row) => row.id === ref) ??
    candidates.find((row) => row.account_id === principal.accountId);
  if (known) return known;
  if (candidates.length > 1) {
    throw posternError("Y1001", `Several projects are named "${ref}".`, {
      detail: `Their ids: ${candidates.map((row) => row.id).join(", ")}.`,
      hint: "Name it by its id.",
    });
  }
  return candidates[0];
}

/** @throws Y7003 Y1001 */
export async function findProject(
  db: Queryable,
  principal: AccountPrincipal,
  ref: string,
): Promise<ProjectRow> {
  const project = await lookUpProject(db, principal, ref);
  if (project) return project;
  throw posternError("Y7003", `There is no project "${ref}".`, {
    hint: "`postern project list` shows yours; `postern apply` makes the one that postern.yaml names.",
  });
}

export interface FoundEnvironment {
  project: ProjectRow;
  environment: EnvironmentRow;
}

/** @throws Y7003 Y7004 Y1001 */
export async function findEnvironment(
  db: Queryable,
  principal: AccountPrincipal,
  input: { project: string; environment: string },
): Promise<FoundEnvironment> {
  const project = await findProject(db, principal, input.project);
  const environment = await findEnvironmentRow(db, project.id, input.environment);
  if (environment) return { project, environment };
  const names = (await listEnvironments(db, project.id)).map(({ name }) => name);
  throw posternError("Y7004", `Project ${project.name} has no environment "${input.environment}".`, {
    detail: names.length > 0 ? `It has: ${names.join(", ")}.` : "It has none yet.",
    hint: `\`postern apply --env ${input.environment}\` makes it as postern.yaml says.`,
  });
}

export interface FoundService extends FoundEnvironment {
  service: BoundService;
  database: DatabaseRow;
}

/**
 * The database of an environment: the service that is named, else the only one, else `db`. @throws Y7003 Y7004 Y7005 Y7006
 */
export async function findService(
  db: Queryable,
  principal: AccountPrincipal,
  input: { project: string; environment: string; service?: string | undefined },
): Promise<FoundService> {
  const found = await findEnvironment(db, principal, input);
  const bound = await listBoundServices(db, {
    project_id: found.project.id,
    environment: found.environment.name,
  });
  const service = chooseService(bound, found, input.service);
  return { ...found, service, database: service.database };
}

function chooseService(
  bound: BoundService[],
  { project, environment }: FoundEnvironment,
  wanted: string | undefined,
): BoundService {
  const where = `Environment ${environment.name} of project ${project.name}`;
  const names = bound.map(({ service }) => service);
  if (bound.length === 0) {
    throw posternError("Y7005", `${where} has no database yet.`, {
      hint: `\`postern apply --env ${environment.name}\` makes what postern.yaml declares.`,
    });
  }
  const chosen =
    wanted === undefined && bound.length === 1
      ? bound[0]
      : bound.find(({ service }) => service === (wanted ?? "db"));
  if (chosen) return chosen;
  if (wanted === undefined) {
    throw posternError("Y7006", `${where} has several databases: ${names.join(", ")}.`, {
      hint: "Say which with --service.",
    });
  }
  throw posternError("Y7005", `${where} has no managed service "${wanted}".`, {
    detail: `It has: ${names.join(", ")}.`,
  });
}
