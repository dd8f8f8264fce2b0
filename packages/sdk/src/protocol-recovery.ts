/** Types of recovery: to a point in time, and of servers that lost their data. */
import type { ErrorBody } from "./protocol-error.ts";

/** Times that a database cannot be taken back to: its archive missed what was written then. */
export interface PointInTimeGap {
  from: string;
  /** Null while it lasts. */
  to: string | null;
}

/** Whether and how far a database can be taken back in time. */
export interface PointInTimeInfo {
  /** `unavailable`: nothing here can archive; `starting`: the first full backup is being made. */
  status: "on" | "starting" | "off" | "unavailable";
  /** Why it is off or unavailable, or begins later than the database. */
  reason: string | null;
  /** The database can be restored to any moment between these two, but for the gaps. */
  earliest: string | null;
  latest: string | null;
  gaps: PointInTimeGap[];
  /** What would be lost if the server's disk were lost now, seconds; null: not known. */
  lag_seconds: number | null;
  last_full_backup_at: string | null;
  last_backup_at: string | null;
  retention_days: number | null;
  /** Of the whole archive, also of the databases that share the server. */
  archive_bytes: number | null;
  problem: ErrorBody | null;
}

export interface RestoreToTimeRequest {
  /** RFC 3339. */
  at: string;
  /** Of the new database. */
  name?: string;
}

export interface EnablePointInTimeRequest {
  retention_days?: number;
}

export interface RecoverRequest {
  /** Also where the server runs. */
  force?: boolean;
}

export interface PromoteRequest {
  /** Id or name; the database that it was restored from when absent. */
  replace?: string;
}
