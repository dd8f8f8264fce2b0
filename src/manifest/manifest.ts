/** In charge of the types of a manifest: what a project's `postern.yaml` says, read and checked. */

export const databaseClasses = ["db.p1", "db.p2", "db.p3"] as const;

export interface ManagedDatabase {
  class: (typeof databaseClasses)[number];
  engine: "postgres";
  engine_version?: string;
  backup?: {
    /** Cron in UTC, or false: none. */
    schedule?: string | false;
    retention?: string;
    snapshot_on_delete?: boolean;
    snapshot_on_reset?: boolean;
  };
}

export interface Build {
  context: string;
  dockerfile?: string;
  target?: string;
  args?: Record<string, string>;
  /** Postern's own: commands that are run in the context, in that order. */
  commands?: string[];
}

export interface Healthcheck {
  /** `["CMD", …]`, `["CMD-SHELL", …]`, or a command for the shell. */
  test?: string | string[];
  /** Postern's own: a path that has to answer with 2xx. */
  http?: string;
  interval?: string;
  timeout?: string;
  start_period?: string;
  retries?: number;
  disable?: boolean;
}

export const dependencyConditions = [
  "service_started",
  "service_healthy",
  "service_completed_successfully",
] as const;

export interface Dependency {
  condition: (typeof dependencyConditions)[number];
}

export interface Service {
  name: string;
  /** `service`: a program that runs; `job`: one that ends; `managed_db`: a database, and no program. */
  role: "service" | "job" | "managed_db";
  managed?: ManagedDatabase;
  image?: string;
  build?: Build;
  command?: string | string[];
  entrypoint?: string | string[];
  environment: Record<string, string>;
  env_file: string[];
  ports: string[];
  depends_on: Record<string, Dependency>;
  healthcheck?: Healthcheck;
  working_dir?: string;
  restart?: string;
  stop_grace_period?: string;
  files: { source: string; target: string }[];
  /** Run after the build and before the start, at every deploy. */
  preStart: string[];
}

export interface PipelineStep {
  name: string;
  depends_on: string[];
  action: { type: (typeof actionTypes)[number]; service?: string; command?: string[] };
}

export const actionTypes = ["build", "release", "migrate", "job", "deploy", "run"] as const;

export interface Environment {
  /** Undefined: by its name. */
  protected?: boolean;
  /** Which pipeline deploys it; `deploy` when absent. */
  pipeline?: string;
}

export interface Manifest {
  /** Name of the project. */
  project?: string;
  services: Record<string, Service>;
  environments: Record<string, Environment>;
  pipelines: Record<string, { steps: PipelineStep[] }>;
  /** Commands that bring the schema up to date, before the programs are. */
  migrate: string[];
  /** Commands that take the schema back, before the programs are. */
  rollback: string[];
  /** For every service that has none of its own. */
  preStart: string[];
}

/** What is wrong at one place of a manifest. Line and column count from 1. */
export interface ManifestIssue {
  line: number;
  column: number;
  /** For example `services.db.x-postern.managed.class`. */
  path: string;
  message: string;
  hint?: string | undefined;
}

export const managedFields = [
  "url",
  "direct_url",
  "http_url",
  "host",
  "token",
  "id",
  "name",
  "user",
  "password",
  "port",
] as const;
export type ManagedField = (typeof managedFields)[number];

/** Names that Postern gives a service itself: a value of the user's own is refused. */
export const reservedVariables = [
  "DATABASE_URL",
  "DIRECT_URL",
  "DATABASE_ID",
  "DATABASE_TOKEN",
  "DATABASE_HOST",
  "DATABASE_HTTP_URL",
  "PRISMA_DATABASE_URL",
] as const;
