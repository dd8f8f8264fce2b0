/** In charge of naming what the HTTP server needs for releases and services. */
import type { Readable } from "node:stream";
import type {
  DeployRequest,
  LogPart,
  ReleaseInfo,
  RollbackRequest,
  RunningService,
  StartedRelease,
  UploadInfo,
} from "@postern/sdk/protocol";
import type { AccountPrincipal } from "../../access/principal.ts";
import type { EnvironmentRef } from "./project-services.ts";

export interface LogRef extends EnvironmentRef {
  /** Of this service; or of the steps of the release. */
  source: { service: string } | { release: number };
  lines?: number | undefined;
  offset?: number | undefined;
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
  list(principal: AccountPrincipal, input: EnvironmentRef): Promise<ReleaseInfo[]>;
  listServices(principal: AccountPrincipal, input: EnvironmentRef): Promise<RunningService[]>;
  /** @throws Y7005 */
  readLog(principal: AccountPrincipal, input: LogRef): Promise<LogPart>;
}
