/** In charge of the part of the control plane that is about projects and their environments. */
import type { Requests } from "./control-backups.ts";
import { environmentPath, projectPath, queryString } from "./control-paths.ts";
import type {
  ApplyRequest,
  ApplyResult,
  CreateProjectRequest,
  DatabaseInfo,
  EnvironmentInfo,
  EnvironmentRequest,
  ManagedValues,
  OperationInfo,
  ProjectInfo,
} from "./protocol.ts";
import { readJson } from "./send-request.ts";

export interface DestroyWishes {
  skipSnapshot?: boolean | undefined;
  withBranches?: boolean | undefined;
}

const wishesOf = ({ skipSnapshot, withBranches }: DestroyWishes): string =>
  queryString({ skip_snapshot: skipSnapshot, with_branches: withBranches });

export function projectMethods({
  send,
  get,
  post,
  remove,
}: Pick<Requests, "send" | "get" | "post" | "remove">) {
  return {
    listProjects: () => get<ProjectInfo[]>("/v1/projects"),
    getProject: (ref: string) => get<ProjectInfo>(projectPath(ref)),
    createProject: (input: CreateProjectRequest) => post<ProjectInfo>("/v1/projects", input),
    listEnvironments: (project: string) => get<EnvironmentInfo[]>(`${projectPath(project)}/envs`),
    getEnvironment: (project: string, name: string) => get<EnvironmentInfo>(environmentPath(project, name)),
    /** Makes it, or changes it. */
    saveEnvironment: async (project: string, name: string, input: EnvironmentRequest = {}) =>
      readJson<EnvironmentInfo>(await send("PUT", environmentPath(project, name), input)),
    /** Its services stop first; its databases keep last backups unless said otherwise. */
    destroyEnvironment: (project: string, name: string, wishes: DestroyWishes = {}) =>
      remove<OperationInfo>(`${environmentPath(project, name)}${wishesOf(wishes)}`),
    /** With all of its environments. */
    destroyProject: (project: string, wishes: DestroyWishes = {}) =>
      remove<OperationInfo>(`${projectPath(project)}${wishesOf(wishes)}`),
    /** The database of an environment: of the service that is named, else of the only one, else of `db`. */
    getEnvironmentDatabase: (project: string, environment: string, service?: string) =>
      get<DatabaseInfo>(
        `/projects/${encodeURIComponent(project)}/envs/${encodeURIComponent(environment)}/db/managed${queryString({ service })}`,
      ),
    /** Secrets: what programs of the environment find the database of a service by. */
    getManagedValues: (project: string, environment: string, service: string) =>
      get<ManagedValues>(
        `${environmentPath(project, environment)}/services/${encodeURIComponent(service)}/values`,
      ),
    /** Brings an environment's databases in line with a manifest, or tells what that would take. */
    apply: (input: ApplyRequest) => post<ApplyResult>("/v1/apply", input),
  };
}
