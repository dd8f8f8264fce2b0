/** In charge of the part of the control plane that is about releases and the services that run of them. */
import type { Requests } from "./control-backups.ts";
import { environmentPath, queryString } from "./control-paths.ts";
import type {
  DeployRequest,
  LogPart,
  ReleaseInfo,
  RollbackRequest,
  RunningService,
  StartedRelease,
  UploadInfo,
} from "./protocol.ts";

export function releaseMethods({
  get,
  post,
  upload,
}: Pick<Requests, "get" | "post"> & {
  upload<Result>(path: string, content: Uint8Array, contentType: string): Promise<Result>;
}) {
  return {
    /** A project's folder, tar and gzip. */
    uploadFolder: (content: Uint8Array) => upload<UploadInfo>("/v1/uploads", content, "application/gzip"),
    /** The operation's result is a `DeployResult`. */
    deploy: (project: string, environment: string, input: DeployRequest) =>
      post<StartedRelease>(`${environmentPath(project, environment)}/releases`, input),
    rollBack: (project: string, environment: string, input: RollbackRequest = {}) =>
      post<StartedRelease>(`${environmentPath(project, environment)}/rollback`, input),
    /** Starts its services anew, with the variables of now. */
    restartServices: (project: string, environment: string) =>
      post<StartedRelease>(`${environmentPath(project, environment)}/restart`),
    listReleases: (project: string, environment: string) =>
      get<ReleaseInfo[]>(`${environmentPath(project, environment)}/releases`),
    listServices: (project: string, environment: string) =>
      get<RunningService[]>(`${environmentPath(project, environment)}/services`),
    readServiceLog: (
      project: string,
      environment: string,
      service: string,
      input: { lines?: number | undefined; offset?: number | undefined } = {},
    ) =>
      get<LogPart>(
        `${environmentPath(project, environment)}/services/${encodeURIComponent(service)}/logs${queryString(input)}`,
      ),
    /** What the steps of a deploy wrote. */
    readDeployLog: (
      project: string,
      environment: string,
      number: number,
      input: { lines?: number | undefined; offset?: number | undefined } = {},
    ) => get<LogPart>(`${environmentPath(project, environment)}/releases/${number}/log${queryString(input)}`),
  };
}
