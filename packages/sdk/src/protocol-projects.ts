/** In charge of the shapes of projects, their environments, and what a manifest wishes of them. */
import type { DatabaseClass, DatabaseStatus, DatabaseUrls } from "./protocol-databases.ts";
import type { OperationInfo } from "./protocol-operations.ts";

export interface ProjectInfo {
  /** `proj_` and 12 hex digits. */
  id: string;
  name: string;
  owner: string;
  /** Names. */
  environments: string[];
  created_at: string;
}

export interface CreateProjectRequest {
  name: string;
}

/** A managed service of an environment, and the database that serves it. */
export interface EnvironmentServiceInfo {
  service: string;
  /** False: the manifest had it once; its database is left as it is. */
  in_manifest: boolean;
  database: { id: string; name: string; class: DatabaseClass; status: DatabaseStatus };
}

export interface EnvironmentInfo {
  project_id: string;
  project: string;
  name: string;
  /** What destroys its data wants its name beside `--yes`. */
  protected: boolean;
  services: EnvironmentServiceInfo[];
  created_at: string;
  /** When a manifest was last applied; null: never. */
  applied_at: string | null;
}

/** Makes the environment, or changes what is said of it. */
export interface EnvironmentRequest {
  protected?: boolean;
}

/** Which environment a database belongs to. */
export interface DatabaseEnvironmentInfo {
  project_id: string;
  project: string;
  name: string;
  service: string;
  protected: boolean;
}

export interface ManagedBackupWishes {
  /** Cron in UTC, or false: none. */
  schedule?: string | false;
  retention?: string;
  snapshot_on_delete?: boolean;
  snapshot_on_reset?: boolean;
}

/** What a manifest says of a managed database; overrides of the environment are merged in. */
export interface ManagedServiceWishes {
  class: DatabaseClass;
  engine: "postgres";
  engine_version?: string;
  backup?: ManagedBackupWishes;
}

export interface ApplyRequest {
  /** Id or name; one of that name is made when there is none. */
  project: string;
  environment: string;
  /** Absent: as it is; `production` is protected when it is made. */
  protected?: boolean;
  /** All managed services of the manifest, by name. */
  services: Record<string, ManagedServiceWishes>;
  /** Only tell what would be done. */
  plan?: boolean;
}

export interface AppliedChange {
  field: "class" | "schedule" | "retention" | "snapshot_on_delete" | "snapshot_on_reset";
  from: string | boolean | null;
  to: string | boolean | null;
}

export interface AppliedServiceInfo {
  service: string;
  /**
   * `create`: it gets a database of its own; `change`: its database is changed; `keep`: it is as the manifest says; `leave`: the
   * manifest does not have it any more, and its database stays.
   */
  action: "create" | "change" | "keep" | "leave";
  /** Null: it is not made yet. */
  database: { id: string; name: string } | null;
  class: DatabaseClass;
  changes: AppliedChange[];
  /** What is worth knowing, a sentence each. */
  notes: string[];
  /** Work that was begun, or goes on already; it is applied when all of it has ended. */
  operations: OperationInfo[];
}

export interface ApplyResult {
  /** Null: it would be made. */
  project_id: string | null;
  project: string;
  environment: string;
  protected: boolean;
  plan: boolean;
  services: AppliedServiceInfo[];
}

/** What `${managed.<service>.<field>}` stands for. */
export interface ManagedValues extends DatabaseUrls {
  id: string;
  /** Of the environment: it is the same until the credentials are rotated. */
  token: string;
}
