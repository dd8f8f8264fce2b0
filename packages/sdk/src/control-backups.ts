/** In charge of the part of the control plane that is about backups. */
import { databasePath, queryString } from "./control-paths.ts";
import type {
  BackupInfo,
  BackupPolicyInfo,
  BackupPolicyRequest,
  BackupStatus,
  BackupStatusInfo,
  CreateBackupRequest,
  DownloadUrl,
  OperationInfo,
  RestoreRequest,
} from "./protocol.ts";
import { type Answer, readJson } from "./send-request.ts";

/** What the control plane is asked with. */
export interface Requests {
  send(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<Answer>;
  get<Result>(path: string): Promise<Result>;
  post<Result>(path: string, body?: unknown): Promise<Result>;
  remove<Result>(path: string): Promise<Result>;
}

export interface Download {
  body: ReadableStream<Uint8Array>;
  sizeBytes: number;
  /** SHA-256, hex. */
  checksum: string;
  fileName: string;
}

export function backupMethods({ send, get, post, remove }: Requests) {
  return {
    createBackup: (ref: string, input: CreateBackupRequest = {}) =>
      post<OperationInfo>(`${databasePath(ref)}/backups`, input),
    listBackups: (
      ref: string,
      input: { status?: BackupStatus | undefined; limit?: number | undefined } = {},
    ) => get<BackupInfo[]>(`${databasePath(ref)}/backups${queryString(input)}`),
    getBackupStatus: (ref: string) => get<BackupStatusInfo>(`${databasePath(ref)}/backup-status`),
    getBackupPolicy: (ref: string) => get<BackupPolicyInfo>(`${databasePath(ref)}/backup-policy`),
    /** What is absent stays as it is. */
    setBackupPolicy: async (ref: string, input: BackupPolicyRequest) =>
      readJson<BackupPolicyInfo>(await send("PUT", `${databasePath(ref)}/backup-policy`, input)),
    getBackup: (id: string) => get<BackupInfo>(backupPath(id)),
    deleteBackup: (id: string) => remove<OperationInfo>(backupPath(id)),
    downloadBackup: async (id: string) => readDownload(await send("GET", `${backupPath(id)}/download`), id),
    /** An address that needs no key, for a while. */
    getDownloadUrl: (id: string, input: { expires_in?: string | undefined } = {}) =>
      get<DownloadUrl>(`${backupPath(id)}/download-url${queryString(input)}`),
    /** Restores it aside and compares. */
    verifyBackup: (id: string) => post<OperationInfo>(`${backupPath(id)}/verify`),
    restoreBackup: (ref: string, input: RestoreRequest) =>
      post<OperationInfo>(`${databasePath(ref)}/restore`, input),
  };
}

const backupPath = (id: string) => `/v1/backups/${encodeURIComponent(id)}`;

function readDownload(answer: Answer, id: string): Download {
  const disposition = answer.headers.get("content-disposition") ?? "";
  return {
    body: answer.body!,
    sizeBytes: Number(answer.headers.get("content-length")),
    checksum: answer.headers.get("x-checksum-sha256") ?? "",
    fileName: /filename="([\w.-]+)"/.exec(disposition)?.[1] ?? `${id}.dump`,
  };
}
