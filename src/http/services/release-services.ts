/** In charge of naming what the HTTP server needs for releases and services. */
import type { Readable } from "node:stream";
import type {
  DeployRequest,
  LogPart,
  OperationInfo,
  ReleaseInfo,
  RollbackRequest,
  RunningService,
  StartedRelease,
  UploadInfo,
} from "@postern/sdk/protocol";
import type { AccountPrincipal } from "../../access/principal.ts";
import type { EnvironmentRef, ProjectRef } from "./project-services.ts";

export interface LogRef extends EnvironmentRef {
  /** Of this service; or of the steps of the release. */
  source: { service: string } | { release: number };
  lines?: number | undefined;
  offset?: number | undefined;
}

export interface DestroyRef extends ProjectRef {
  /** Undefined: all, and the project. */
  environment?: string;
  skipSnapshot: boolean;
  withBranches: boolean;
}

export interface ReleaseService {
  /** @throws Y1004 */
  upload(principal: AccountPrincipal, body: Readable): Promise<UploadInfo>;
  /** @throws Y7001 Y7050 Y7051 Y7055 Y7056 */
  deploy(principal: AccountPrincipal, input: EnvironmentRef & DeployRequest): Promise<StartedRelease>;
  /** @throws Y7051 Y7054 Y7058 */
  rollBack(principal: AccountPrincipal, input: EnvironmentRef & RollbackRequest): Promise<StartedRelease>;
  /** @throws Y7051 Y7058 */
  restart(principal: AccountPrincipal, input: EnvironmentRef): Promise<StartedRelease>;
  /** An environment, or a project with all of them. @throws Y7003 Y7004 Y7051 */
  destroy(principal: AccountPrincipal, input: DestroyRef): Promise<OperationInfo>;
  list(principal: AccountPrincipal, input: EnvironmentRef): Promise<ReleaseInfo[]>;
  listServices(principal: AccountPrincipal, input: EnvironmentRef): Promise<RunningService[]>;
  /** @throws Y7005 */
  readLog(principal: AccountPrincipal, input: LogRef): Promise<LogPart>;
}
