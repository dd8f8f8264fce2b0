/** In charge of the shapes of long work: its steps, progress and end. */
import type { ErrorBody } from "./protocol-error.ts";

export type OperationStatus = "pending" | "running" | "completed" | "failed" | "canceled";

export interface OperationStep {
  name: string;
  status: "running" | "completed" | "failed";
  started_at: string;
  finished_at: string | null;
}

export interface OperationInfo {
  id: string;
  /** What is done, for example `create_database` or `restore_backup`. */
  kind: string;
  database_id: string | null;
  status: OperationStatus;
  steps: OperationStep[];
  /** How far the running step is, in the unit it counts in. */
  progress: { done: number; total: number | null; unit: string } | null;
  result: unknown;
  error: ErrorBody | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

export interface OperationQuery {
  /** Its id or name. */
  database?: string | undefined;
  /** Id of an operation: only older ones than that. */
  before?: string | undefined;
  limit?: number | undefined;
}
