/** In charge of the control plane from the caller's side: one typed method for each route. */
import type {
  AccountInfo,
  AppliedMigration,
  BackupInfo,
  BackupStatus,
  CreateBackupRequest,
  CreateDatabaseRequest,
  CreatedDatabase,
  DaemonStatus,
  DatabaseInfo,
  DatabaseUrls,
  LoginRequest,
  LoginResult,
  MigrateRequest,
  MigrationState,
  OperationInfo,
  RestoreRequest,
} from "./protocol.ts";
import { call, type Endpoint, type RequestOptions, send } from "./request.ts";
import { type WatchOptions, watchOperation } from "./watch-operation.ts";

export { hasEnded, type WatchOptions } from "./watch-operation.ts";

export interface ControlOptions {
  /** The API's address, for example `http://127.0.0.1:5480`. */
  url: string;
  /** An account's key (`pk_…`). */
  apiKey?: string | undefined;
  /** A database's token, for the routes of that database; used where there is no key. */
  token?: string | undefined;
  fetch?: typeof globalThis.fetch | undefined;
  signal?: AbortSignal | undefined;
}

export interface BackupDownload {
  body: ReadableStream<Uint8Array>;
  sizeBytes: number;
  /** SHA-256 of the whole file, hex. */
  checksum: string;
}

const at = (ref: string) => `/v1/databases/${encodeURIComponent(ref)}`;
const backupAt = (id: string) => `/v1/backups/${encodeURIComponent(id)}`;

export type Control = ReturnType<typeof createControl>;

/** `ref` is the id or the name of a database. Every method throws PosternError. */
export function createControl({ url, apiKey, token, fetch, signal }: ControlOptions) {
  const endpoint: Endpoint = { url, secret: apiKey ?? token, fetch, signal };
  const get = <Result>(path: string, query?: RequestOptions["query"]) =>
    call<Result>(endpoint, "GET", path, query === undefined ? {} : { query });
  const post = <Result>(path: string, body?: unknown, query: RequestOptions["query"] = {}) =>
    call<Result>(endpoint, "POST", path, { body, query });
  const remove = <Result>(path: string, query: RequestOptions["query"] = {}) =>
    call<Result>(endpoint, "DELETE", path, { query });
  return {
    url,
    health: () => get<{ status: "ok" }>("/healthz"),
    status: () => get<DaemonStatus>("/v1/status"),
    ...accountCalls({ get, post }),
    ...databaseCalls({ get, post, remove }),
    ...backupCalls({ get, post, remove }, endpoint),
    ...operationCalls({ get }, endpoint),
  };
}

interface Calls {
  get<Result>(path: string, query?: RequestOptions["query"]): Promise<Result>;
  post<Result>(path: string, body?: unknown, query?: RequestOptions["query"]): Promise<Result>;
  remove<Result>(path: string, query?: RequestOptions["query"]): Promise<Result>;
}

const accountCalls = ({ get, post }: Pick<Calls, "get" | "post">) => ({
  register: (request: LoginRequest) => post<AccountInfo>("/v1/accounts", request),
  logIn: (request: LoginRequest) => post<LoginResult>("/v1/login", request),
  logOut: () => post<void>("/v1/logout"),
  whoAmI: () => get<AccountInfo>("/v1/whoami"),
});

const databaseCalls = ({ get, post, remove }: Calls) => ({
  /** Waits until the database is ready unless `wait` is false. */
  createDatabase: (request: CreateDatabaseRequest, { wait = true } = {}) =>
    post<CreatedDatabase>("/v1/databases", request, wait ? {} : { wait: false }),
  /** With `destroyed`: those that can still be brought back. */
  listDatabases: ({ destroyed = false } = {}) => get<DatabaseInfo[]>("/v1/databases", { destroyed }),
  getDatabase: (ref: string) => get<DatabaseInfo>(at(ref)),
  getDatabaseUrls: (ref: string) => get<DatabaseUrls>(`${at(ref)}/urls`),
  destroyDatabase: (ref: string, { skipSnapshot = false } = {}) =>
    remove<OperationInfo>(at(ref), { skip_snapshot: skipSnapshot }),
  undeleteDatabase: (ref: string) => post<OperationInfo>(`${at(ref)}/undelete`),
  migrate: (ref: string, request: MigrateRequest) => post<OperationInfo>(`${at(ref)}/migrations`, request),
  compareMigrations: (ref: string, request: MigrateRequest) =>
    post<MigrationState[]>(`${at(ref)}/migrations/status`, request),
  listMigrations: (ref: string) => get<AppliedMigration[]>(`${at(ref)}/migrations`),
});

const backupCalls = ({ get, post, remove }: Calls, endpoint: Endpoint) => ({
  createBackup: (ref: string, request: CreateBackupRequest = {}) =>
    post<OperationInfo>(`${at(ref)}/backups`, request),
  listBackups: (ref: string, options: { status?: BackupStatus; limit?: number } = {}) =>
    get<BackupInfo[]>(`${at(ref)}/backups`, { ...options }),
  restore: (ref: string, request: RestoreRequest) => post<OperationInfo>(`${at(ref)}/restore`, request),
  getBackup: (id: string) => get<BackupInfo>(backupAt(id)),
  deleteBackup: (id: string) => remove<OperationInfo>(backupAt(id)),
  async downloadBackup(id: string): Promise<BackupDownload> {
    const response = await send(endpoint, "GET", `${backupAt(id)}/download`, { accept: "*/*" });
    return {
      body: response.body!,
      sizeBytes: Number(response.headers.get("content-length")),
      checksum: response.headers.get("x-checksum-sha256") ?? "",
    };
  },
});

const operationCalls = ({ get }: Pick<Calls, "get">, endpoint: Endpoint) => ({
  listOperations: (options: { database?: string; limit?: number } = {}) =>
    get<OperationInfo[]>("/v1/operations", { ...options }),
  /** With `waitSeconds` (at most 30) answers at the end of the operation or after that time. */
  getOperation: (id: string, { waitSeconds }: { waitSeconds?: number } = {}) =>
    get<OperationInfo>(`/v1/operations/${encodeURIComponent(id)}`, { wait: waitSeconds }),
  /** Resolves with the operation as it ended; a failed one is not thrown. */
  watchOperation: (
    id: string,
    onChange: (operation: OperationInfo) => void = () => {},
    options?: WatchOptions,
  ) => watchOperation(endpoint, id, onChange, options),
});
