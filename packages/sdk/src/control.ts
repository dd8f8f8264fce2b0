/** In charge of the control plane from the caller's side: one typed method for each route. */
import { backupMethods } from "./control-backups.ts";
import { branchMethods } from "./control-branches.ts";
import { clientAccessMethods } from "./control-client-access.ts";
import { gatewayMethods } from "./control-gateways.ts";
import { insightMethods } from "./control-insights.ts";
import { inspectMethods } from "./control-inspect.ts";
import { instanceMethods } from "./control-instances.ts";
import { migrationMethods } from "./control-migrations.ts";
import { databasePath, operationPath, queryString } from "./control-paths.ts";
import { pauseMethods } from "./control-pauses.ts";
import { projectMethods } from "./control-projects.ts";
import { recoveryMethods } from "./control-recovery.ts";
import { releaseMethods } from "./control-releases.ts";
import { rowSecurityMethods } from "./control-row-security.ts";
import { stateMethods } from "./control-state.ts";
import { tokenMethods } from "./control-tokens.ts";
import { joinUrl } from "./join-url.ts";
import type {
  AccountInfo,
  AuditEntry,
  AuditQuery,
  ConsoleLink,
  CreateDatabaseRequest,
  CreatedDatabase,
  DaemonStatus,
  DatabaseInfo,
  DatabaseUrls,
  LoginRequest,
  LoginResult,
  OperationInfo,
  OperationQuery,
  ResetPassword,
  ResetPasswordRequest,
  ResetRequest,
  RotateCredentialsRequest,
  RotatedCredentials,
  ScaleRequest,
  UpgradeRequest,
  WipeRequest,
} from "./protocol.ts";
import { type Fetch, readJson, sendRequest } from "./send-request.ts";
import { watchOperation } from "./watch-operation.ts";

export type { Download } from "./control-backups.ts";
export type { Answer, Fetch } from "./send-request.ts";

export interface ControlOptions {
  /** Address of the API, for example `http://127.0.0.1:5480`. */
  url: string;
  /** Speaks for an account. */
  apiKey?: string | undefined;
  /** Speaks for one database; used when there is no API key. */
  token?: string | undefined;
  /** Instead of the platform's own, for example one that trusts a private authority. */
  fetch?: Fetch | undefined;
}

export type Control = ReturnType<typeof createControl>;

export function createControl({ url, apiKey, token, fetch }: ControlOptions) {
  const secret = apiKey ?? token;
  const send = (method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown) =>
    sendRequest(joinUrl(url, path), { method, secret, body, fetch });
  const get = async <Result>(path: string) => readJson<Result>(await send("GET", path));
  const post = async <Result>(path: string, body?: unknown) =>
    readJson<Result>(await send("POST", path, body));
  const upload = async <Result>(path: string, content: Uint8Array, contentType: string) =>
    readJson<Result>(
      await sendRequest(joinUrl(url, path), { method: "POST", secret, content, contentType, fetch }),
    );
  const remove = async <Result>(path: string) => readJson<Result>(await send("DELETE", path));

  return {
    status: () => get<DaemonStatus>("/v1/status"),

    register: (input: LoginRequest) => post<AccountInfo>("/v1/accounts", input),
    logIn: (input: LoginRequest) => post<LoginResult>("/v1/login", input),
    /** Revokes the API key in use. */
    logOut: () => post<void>("/v1/logout"),
    /** Newest first; administrators see everybody's changes. */
    listAudit: (query: AuditQuery = {}) => get<AuditEntry[]>(`/v1/audit${queryString({ ...query })}`),
    whoAmI: () => get<AccountInfo>("/v1/whoami"),

    /** `wait: false` answers as soon as the work is accepted. */
    createDatabase: (input: CreateDatabaseRequest, { wait = true }: { wait?: boolean } = {}) =>
      post<CreatedDatabase>(`/v1/databases${queryString({ wait: wait ? undefined : false })}`, input),
    listDatabases: (input: { destroyed?: boolean | undefined } = {}) =>
      get<DatabaseInfo[]>(`/v1/databases${queryString(input)}`),
    getDatabase: (ref: string) => get<DatabaseInfo>(databasePath(ref)),
    getDatabaseUrls: (ref: string) => get<DatabaseUrls>(`${databasePath(ref)}/urls`),
    destroyDatabase: (
      ref: string,
      input: { skipSnapshot?: boolean | undefined; withBranches?: boolean | undefined } = {},
    ) =>
      remove<OperationInfo>(
        `${databasePath(ref)}${queryString({ skip_snapshot: input.skipSnapshot, with_branches: input.withBranches })}`,
      ),
    undeleteDatabase: (ref: string) => post<OperationInfo>(`${databasePath(ref)}/undelete`),

    ...tokenMethods({ get, post, remove }),

    /** Its result is a `ScaleResult`. */
    scaleDatabase: (ref: string, input: ScaleRequest) =>
      post<OperationInfo>(`${databasePath(ref)}/scale`, input),
    /** Its result is an `UpgradeResult`. */
    upgradeDatabase: (ref: string, input: UpgradeRequest) =>
      post<OperationInfo>(`${databasePath(ref)}/upgrade`, input),
    /** A new password and a new master token. */
    rotateCredentials: (ref: string, input: RotateCredentialsRequest = {}) =>
      post<RotatedCredentials>(`${databasePath(ref)}/rotate-credentials`, input),
    resetPassword: (ref: string, input: ResetPasswordRequest = {}) =>
      post<ResetPassword>(`${databasePath(ref)}/reset-password`, input),

    ...clientAccessMethods({ send, get, remove }),
    ...migrationMethods({ get, post }),

    /** Empties the database and applies migrations; nothing changes when one fails. */
    resetDatabase: (ref: string, input: ResetRequest) =>
      post<OperationInfo>(`${databasePath(ref)}/reset`, input),
    wipeDatabase: (ref: string, input: WipeRequest = {}) =>
      post<OperationInfo>(`${databasePath(ref)}/wipe`, input),

    ...rowSecurityMethods({ post }),
    ...backupMethods({ send, get, post, remove }),
    ...branchMethods({ get, post }),
    ...stateMethods({ send, get, post, remove }),
    ...recoveryMethods({ send, get, post, remove }),
    ...pauseMethods({ send, get, post }),
    ...insightMethods({ get }),
    ...inspectMethods({ get, post }),
    ...instanceMethods({ get, post, remove }),
    ...gatewayMethods({ get, post, remove }),
    ...projectMethods({ send, get, post, remove }),
    ...releaseMethods({ get, post, upload }),

    /** An address that signs in to the console, once and within a minute. */
    createConsoleLink: () => post<ConsoleLink>("/v1/console/links"),

    listOperations: (input: OperationQuery = {}) =>
      get<OperationInfo[]>(`/v1/operations${queryString({ ...input })}`),
    getOperation: (id: string) => get<OperationInfo>(operationPath(id)),
    /** Resolves before what it has begun is undone: watch it for its end. */
    cancelOperation: (id: string) => post<OperationInfo>(`${operationPath(id)}/cancel`),
    /** Resolves at the operation's end, whatever it is; outlives a restart of the daemon of up to a minute. */
    watchOperation: (id: string, onChange?: (operation: OperationInfo) => void) =>
      watchOperation((wait) => get<OperationInfo>(`${operationPath(id)}${queryString({ wait })}`), onChange),
  };
}
