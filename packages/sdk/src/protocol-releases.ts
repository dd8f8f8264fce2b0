/** In charge of the shapes of releases and of the services that run of them. */
import type { ErrorBody } from "./protocol-error.ts";
import type { OperationInfo } from "./protocol-operations.ts";

export type ReleaseStatus = "deploying" | "active" | "superseded" | "rolled_back" | "failed";

export interface ReleaseInfo {
  project_id: string;
  environment: string;
  /** Counts up from 1 for each environment. */
  number: number;
  status: ReleaseStatus;
  operation_id: string;
  services: string[];
  /** Names of the variables that each service is given beside Postern's own. */
  variables: Record<string, string[]>;
  /** Made before its schema was changed. */
  backup_id: string | null;
  /** Can it be put back? */
  has_files: boolean;
  error: ErrorBody | null;
  created_at: string;
  activated_at: string | null;
  ended_at: string | null;
}

export interface UploadInfo {
  id: string;
  size_bytes: number;
}

export interface DeployRequest {
  /** Id of an upload: the project's folder, tar and gzip. */
  upload: string;
  /** Text of postern.yaml. */
  manifest: string;
  /** What each service is given, placeholders of managed databases as they stand. */
  variables?: Record<string, Record<string, string>>;
  /** Lets `prisma db push` drop what holds data. */
  accept_data_loss?: boolean;
}

export interface StartedRelease {
  release: ReleaseInfo;
  operation: OperationInfo;
}

export interface RollbackRequest {
  /** Number of a release; the one before the active one when absent. */
  to?: number;
}

export type RunningState = "running" | "starting" | "waiting" | "stopped";

export interface RunningService {
  service: string;
  release: number;
  state: RunningState;
  pid: number | null;
  /** How often it was started again since it was deployed. */
  restarts: number;
  /** Where it is reached; null: it has no port. */
  url: string | null;
  /** Why it waits or stopped. */
  detail: string | null;
}

export interface LogPart {
  text: string;
  /** Ask for what follows from here. */
  offset: number;
}

/** Result of a deploy, a rollback and a restart. */
export interface DeployResult {
  release: number;
  /** What served before; null: nothing did. */
  previous: number | null;
  services: { service: string; url: string | null }[];
  backup_id: string | null;
}
