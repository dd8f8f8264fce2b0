/** In charge of naming what the HTTP server needs for projects and their environments. */
import type {
  ApplyRequest,
  ApplyResult,
  CreateProjectRequest,
  EnvironmentInfo,
  EnvironmentRequest,
  ManagedValues,
  ProjectInfo,
} from "@postern/sdk/protocol";
import type { AccountPrincipal } from "../../access/principal.ts";
import type { DatabaseId } from "../../base/id.ts";

export interface ProjectRef {
  /** Id or name. */
  project: string;
}

export interface EnvironmentRef extends ProjectRef {
  environment: string;
}

export interface ServiceRef extends EnvironmentRef {
  /** Undefined: the only one, or `db`. */
  service?: string | undefined;
}

export interface ProjectService {
  list(principal: AccountPrincipal): Promise<ProjectInfo[]>;
  describe(principal: AccountPrincipal, input: ProjectRef): Promise<ProjectInfo>;
  /** @throws Y7007 Y7008 */
  create(principal: AccountPrincipal, input: CreateProjectRequest): Promise<ProjectInfo>;
  listEnvironments(principal: AccountPrincipal, input: ProjectRef): Promise<EnvironmentInfo[]>;
  describeEnvironment(principal: AccountPrincipal, input: EnvironmentRef): Promise<EnvironmentInfo>;
  /** Makes it, or changes it. @throws Y7007 */
  saveEnvironment(
    principal: AccountPrincipal,
    input: EnvironmentRef & EnvironmentRequest,
  ): Promise<EnvironmentInfo>;
  /** @throws Y3009 Y7009 */
  apply(principal: AccountPrincipal, input: ApplyRequest): Promise<ApplyResult>;
  readValues(principal: AccountPrincipal, input: ServiceRef): Promise<ManagedValues>;
  /** Which database serves. @throws Y7003 Y7004 Y7005 Y7006 */
  findDatabase(principal: AccountPrincipal, input: ServiceRef): Promise<DatabaseId>;
}
