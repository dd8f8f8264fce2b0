/** In charge of the shapes of backups that travel. */
import type { ErrorBody } from "./protocol-error.ts";
import type { PointInTimeInfo } from "./protocol-recovery.ts";

export type BackupKind = "manual" | "scheduled" | "safety" | "final";
export type BackupStatus = "running" | "completed" | "failed";

/** How the last trial restore of a backup went. */
export interface BackupVerification {
  /** `skipped`: it could not be tried, and `error` says why. */
  status: "verified" | "failed" | "skipped";
  /** Tables that were compared with those at the time of the backup. */
  tables: number;
  /** Rows in them. */
  rows: number;
  duration_ms: number;
  error: ErrorBody | null;
}

export interface BackupInfo {
  id: string;
  database_id: string;
  database_name: string;
  kind: BackupKind;
  status: BackupStatus;
  created_at: string;
  finished_at: string | null;
  expires_at: string | null;
  size_bytes: number | null;
  /** SHA-256 of the file, hex. */
  checksum: string | null;
  /** Postgres version that wrote the dump. */
  version: string;
  error: ErrorBody | null;
  /** When `verification` took place. */
  verified_at: string | null;
  verification: BackupVerification | null;
  /** Where its file is: `local`, a folder, or `s3://bucket/prefix`. */
  store: string;
  /** Is the file encrypted where it is? Downloads never are. */
  encrypted: boolean;
}

/** Body of `PUT /v1/databases/:ref/backup-policy`; what is absent stays as it is, null goes back to the class's. */
export interface BackupPolicyRequest {
  /** Cron in UTC; `off` or false: none. */
  schedule?: string | false | null;
  /** `<n>h`, `<n>d`, `<n>w`. */
  retention?: string | null;
  snapshot_on_delete?: boolean | null;
  snapshot_on_reset?: boolean | null;
}

export interface BackupPolicyInfo {
  /** Cron in UTC; null: none. */
  schedule: string | null;
  retention: string;
  snapshot_on_delete: boolean;
  snapshot_on_reset: boolean;
  /** Which of these were set for this database; the others are its class's. */
  own: ("schedule" | "retention" | "snapshot_on_delete" | "snapshot_on_reset")[];
  next_run_at: string | null;
}

export interface BackupStatusInfo extends BackupPolicyInfo {
  database_id: string;
  name: string;
  last_backup_at: string | null;
  /** The newest that is complete. */
  latest: BackupInfo | null;
  /** The newest whose trial restore went well. */
  last_verified: BackupInfo | null;
  /** Is a scheduled backup missing for more than an hour? */
  overdue: boolean;
  overdue_since: string | null;
  /** Scheduled backups that failed since one succeeded. */
  failures: number;
  /** The newest that failed, if none succeeded since. */
  last_failure: BackupInfo | null;
  completed: number;
  running: number;
  failed: number;
  /** How far back every single moment can be restored. */
  point_in_time: PointInTimeInfo;
}

export interface RestoreRequest {
  backup_id: string;
  skip_safety_snapshot?: boolean;
}

export interface CreateBackupRequest {
  /** `<n>d`, `<n>h`: how long to keep this one. */
  retention?: string;
}

/** An address that whoever has it can read a backup's file from, until it expires. */
export interface DownloadUrl {
  url: string;
  expires_at: string;
}
