/** In charge of naming what the HTTP server needs for backups, when they are made, and recovery to a point in time. */

import type { Readable } from "node:stream";
import type {
  BackupInfo,
  BackupPolicyInfo,
  BackupPolicyRequest,
  BackupStatus,
  BackupStatusInfo,
  CreateBackupRequest,
  CreatedDatabase,
  DatabaseInfo,
  DownloadUrl,
  EnablePointInTimeRequest,
  OperationInfo,
  PointInTimeInfo,
  PromoteRequest,
  RestoreRequest,
  RestoreToTimeRequest,
} from "@postern/sdk/protocol";
import type { AccountPrincipal, Principal } from "../../access/principal.ts";
import type { BackupId } from "../../base/id.ts";
import type { DatabaseRef } from "./database-services.ts";

/** An opened backup file. Whoever gets it must read the stream to its end or destroy it. */
export interface BackupDownload {
  stream: Readable;
  sizeBytes: number;
  /** SHA-256 of the file, hex. */
  checksum: string;
  /** Suggested name of the file; letters, digits, `.`, `_`, `-`. */
  fileName: string;
}

export interface BackupService {
  create(principal: Principal, input: DatabaseRef & CreateBackupRequest): Promise<OperationInfo>;
  list(
    principal: Principal,
    input: DatabaseRef & { status?: BackupStatus | undefined; limit: number },
  ): Promise<BackupInfo[]>;
  describe(principal: AccountPrincipal, input: { id: BackupId }): Promise<BackupInfo>;
  delete(principal: AccountPrincipal, input: { id: BackupId }): Promise<OperationInfo>;
  /** Restores it aside and compares. @throws Y6001 Y6006 Y3004 */
  verify(principal: AccountPrincipal, input: { id: BackupId }): Promise<OperationInfo>;
  download(principal: AccountPrincipal, input: { id: BackupId }): Promise<BackupDownload>;
  signDownload(
    principal: AccountPrincipal,
    input: { id: BackupId; expiresIn?: string | undefined },
  ): Promise<DownloadUrl>;
  /** By an address that `signDownload` gave. @throws Y6014 */
  downloadSigned(input: { id: BackupId; expires: string; signature: string }): Promise<BackupDownload>;
  restore(principal: Principal, input: DatabaseRef & RestoreRequest): Promise<OperationInfo>;
}

export interface BackupPolicyService {
  describe(principal: Principal, input: DatabaseRef): Promise<BackupPolicyInfo>;
  /** @throws Y6010 Y1001 */
  change(principal: AccountPrincipal, input: DatabaseRef & BackupPolicyRequest): Promise<BackupPolicyInfo>;
  describeStatus(principal: Principal, input: DatabaseRef): Promise<BackupStatusInfo>;
}

export interface PointInTimeService {
  describe(principal: Principal, input: DatabaseRef): Promise<PointInTimeInfo>;
  enable(principal: AccountPrincipal, input: DatabaseRef & EnablePointInTimeRequest): Promise<OperationInfo>;
  disable(principal: AccountPrincipal, input: DatabaseRef): Promise<OperationInfo>;
  /** Those that were made of its data of a moment and are still there, the newest first. */
  listRestored(principal: Principal, input: DatabaseRef): Promise<DatabaseInfo[]>;
  /** The new database, which is being made. */
  restore(principal: AccountPrincipal, input: DatabaseRef & RestoreToTimeRequest): Promise<CreatedDatabase>;
  promote(principal: AccountPrincipal, input: DatabaseRef & PromoteRequest): Promise<OperationInfo>;
  /** `ref`: `shared`, or a database that has its server for itself. */
  recover(principal: AccountPrincipal, input: DatabaseRef & { force: boolean }): Promise<OperationInfo>;
}
