/**
 * In charge of the shapes that travel between Postern's daemon and whoever calls it. JSON is snake_case; these
 * types are the wire format as it is, and nothing converts them on the caller's side.
 */
import type { ErrorBody } from "./protocol-error.ts";

export type * from "./protocol-backups.ts";
export type * from "./protocol-branches.ts";
export type * from "./protocol-error.ts";
export type { DatabaseActivity, DatabaseSession, PauseRules } from "./protocol-pauses.ts";
export type * from "./protocol-recovery.ts";

/** Where a database's server lives: with others on one Postgres, or in a Postgres of its own. */
export type Isolation = "shared" | "process";

/** Service class: `db.p1` development and test, `db.p2` staging and light production, `db.p3` production. */
export type DatabaseClass = "db.p1" | "db.p2" | "db.p3";

export type DatabaseStatus =
  | "creating"
  | "ready"
  | "paused"
  | "restoring"
  | "scaling"
  | "upgrading"
  | "failed"
  | "destroying"
  | "destroyed";

/** What `db create`, `db info`, `db status` and `db list` answer with. Times are RFC 3339 in UTC. */
export interface DatabaseInfo {
  id: string;
  name: string;
  status: DatabaseStatus;
  class: DatabaseClass;
  isolation: Isolation;
  /** Postgres server version, for example "17.11". */
  version: string;
  /** `<id>.<domain>[:port]`: where SQL over HTTP is served. */
  host: string;
  /** `http(s)://` + host. */
  http_url: string;
  /** Name of the database and of its owner role inside Postgres. */
  database: string;
  user: string;
  size_bytes: number | null;
  /** Soft limit: beyond it Postern warns and does not refuse. Null: none. */
  storage_limit_bytes: number | null;
  /** Sessions open now and the role's limit; null when the server does not answer. */
  connections: { open: number; limit: number } | null;
  /** Does the database answer a query now? Null: not asked (lists). */
  healthy: boolean | null;
  warnings: string[];
  owner: string;
  last_backup_at: string | null;
  created_at: string;
  destroyed_at: string | null;
  /** Until when `db undelete` can bring a destroyed database back. */
  recoverable_until: string | null;
  /** Do requests of an application's users, and requests without a token, reach it? */
  client_access: boolean;
  /** The database that this one is a branch of. */
  parent_id: string | null;
  /** Of which moment of its parent a branch's data is. */
  branched_at: string | null;
  /** When a branch destroys itself. */
  expires_at: string | null;
  /** Since when it sleeps; null: it is awake. */
  paused_at: string | null;
  /** Seconds without a statement after which it sleeps by itself; null: it does not. */
  pause_after_seconds: number | null;
}

/** Answer of `POST /v1/databases`: the only moment at which the token can be read. */
export interface CreatedDatabase extends DatabaseInfo {
  /** 64 hex digits; only its hash is kept. */
  token: string;
  operation_id: string;
}

export interface CreateDatabaseRequest {
  /** 1 to 63 characters of `a-z 0-9 _ -`; made up when absent. */
  name?: string;
  class?: DatabaseClass;
  isolation?: Isolation;
  /** Postgres major, for example "17". */
  version?: string;
  /** Owner role of one's own choice: 3 to 16 characters of `a-z 0-9 _`. */
  user?: string;
  /** Owner's password of one's own choice: at least 8 characters. */
  password?: string;
}

/** `read_only`: it reads over HTTP and changes nothing, neither data nor the database's settings. */
export type TokenScope = "full" | "read_only";

export interface TokenInfo {
  id: string;
  label: string;
  scope: TokenScope;
  created_at: string;
  /** Null: it does not expire. */
  expires_at: string | null;
  /** To the minute; null: never. */
  last_used_at: string | null;
  /** After that it opens nothing. */
  revoked_at: string | null;
}

export interface CreateTokenRequest {
  /** What it is for: 1 to 64 characters. */
  label?: string;
  scope?: TokenScope;
  /** `<n>s|m|h|d|w` from now; absent: it does not expire. */
  expires_in?: string;
}

/** The only moment at which a token can be read. */
export interface CreatedToken extends TokenInfo {
  /** 64 hex digits; only its hash is kept. */
  token: string;
}

export interface ScaleRequest {
  class: DatabaseClass;
}

/** Result of the operation `scale_database`. */
export interface ScaleResult {
  database_id: string;
  class: DatabaseClass;
  isolation: Isolation;
  /** DIRECT_URL names another port than before; all else is as it was. */
  direct_url_changed: boolean;
  /** Why writes were held while the data was copied; null: they were held for the switch only. */
  writes_held: string | null;
  /** Of what was there when the copy was made; null when there was none to make. */
  backup_id: string | null;
}

export interface RotateCredentialsRequest {
  /** How long the old token and connections that are open go on: `<n>s|m|h|d|w`; absent: they end at once. */
  grace?: string;
  /** End the tokens that were made beside the master token, too. */
  all_tokens?: boolean;
}

export interface RotatedCredentials {
  database_id: string;
  /** The new master token, 64 hex digits; shown only now. */
  token: string;
  /** With the new password. */
  urls: DatabaseUrls;
  /** When the old token and connections of before the rotation end. */
  grace_until: string;
  /** Tokens that end then, or earlier. */
  ending_tokens: TokenInfo[];
  /** Tokens that go on as before. */
  staying_tokens: TokenInfo[];
  operation_id: string;
  /** Does the server take the new password already? Else the operation tells when it does. */
  applied: boolean;
}

export interface ResetPasswordRequest {
  /** At least 8 characters; made up when absent. */
  password?: string;
}

export interface ResetPassword {
  database_id: string;
  /** With the new password. */
  urls: DatabaseUrls;
  operation_id: string;
  /** Does the server take the new password already? Else the operation tells when it does. */
  applied: boolean;
}

/** Body of `PUT /v1/databases/:ref/client-access`; what is absent stays as it is. */
export interface ClientAccessRequest {
  /** OpenID issuer of the users' tokens, as their `iss` has it; null: the server's. */
  issuer?: string | null;
  /** What the tokens' `aud` must name; null: the server's, or anything where the issuer is the database's own. */
  audience?: string | null;
}

export interface ClientAccessInfo {
  enabled: boolean;
  /** Whose tokens are taken; null: nobody's, and every client is `anon`. */
  issuer: string | null;
  /** Null: the tokens' audience is not looked at. */
  audience: string | null;
  /** After a change: was there anything to change? */
  changed?: boolean;
  /** After enabling: what clients reach past row security. */
  warnings?: string[];
}

/** Secrets of a database, answered only to those who may administer it. */
export interface DatabaseUrls {
  pooled: string;
  direct: string;
  http: string;
  host: string;
  user: string;
  password: string;
  database: string;
  pool_port: number;
  direct_port: number;
}

export type OperationStatus = "pending" | "running" | "completed" | "failed" | "canceled";

export interface OperationStep {
  name: string;
  status: "running" | "completed" | "failed";
  started_at: string;
  finished_at: string | null;
}

export interface OperationInfo {
  id: string;
  /** `create_database`, `destroy_database`, `undelete_database`, `migrate`, `create_backup`, `restore_backup`, `delete_backup`, `reset_database`, `wipe_database`. */
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

/** A migration file as the client sends it; the daemon never reads the client's disk. */
export interface MigrationFileBody {
  name: string;
  sql: string;
}

export interface MigrateRequest {
  files: MigrationFileBody[];
}

export interface MigrationOutcome {
  name: string;
  outcome: "applied" | "failed" | "not_run";
  duration_ms: number | null;
  /** True when statements ran outside a transaction because Postgres demands it. */
  no_transaction: boolean;
  error: MigrationErrorBody | null;
  /** What else was done: an extension installed, an interrupted run continued. */
  notes: string[];
}

export interface MigrationErrorBody extends ErrorBody {
  file: string;
  /** 1-based; null when Postgres gave no position. */
  line: number | null;
  column: number | null;
  /** The text of that line. */
  line_text: string | null;
}

export interface MigrateResult {
  total: number;
  already_applied: number;
  applied: number;
  /** The files that were pending, in their order. */
  migrations: MigrationOutcome[];
  /** What is worth knowing and no failure: a ledger taken over, an applied file that is gone. */
  notes: string[];
}

export interface MigrationState {
  name: string;
  state: "applied" | "pending" | "changed" | "missing";
  checksum: string;
  applied_at: string | null;
  duration_ms: number | null;
  /** For a pending file: would it run in a transaction, how many statements. Null otherwise. */
  plan: MigrationPlan | null;
  /** For a pending file that cannot be run as it is: why, and where. */
  error: MigrationErrorBody | null;
}

export interface MigrationPlan {
  statements: number;
  no_transaction: boolean;
  /** Of a file that ran outside a transaction and was cut off. */
  statements_done: number;
}

export interface AppliedMigration {
  name: string;
  checksum: string;
  applied_at: string;
  duration_ms: number;
}

export interface WipeRequest {
  /** No backup of what is there now, where one would be made: on `db.p2` and `db.p3`. */
  skip_snapshot?: boolean | undefined;
}

export interface ResetRequest extends MigrateRequest, WipeRequest {}

/** Result of the operations `reset_database` and `wipe_database`. */
export interface ResetResult {
  database_id: string;
  /** The backup of what was there before. */
  snapshot_id: string | null;
  /** Null after a wipe. */
  migrations: MigrateResult | null;
}

export interface AccountInfo {
  id: string;
  username: string;
  role: "admin" | "member";
  created_at: string;
}

export interface LoginRequest {
  username: string;
  password: string;
}

export interface LoginResult {
  api_key: string;
  account: AccountInfo;
}

export interface ServiceState {
  name: string;
  status: "running" | "starting" | "stopped" | "failed";
  pid: number | null;
  detail: string | null;
}

export interface DaemonStatus {
  status: "ready" | "starting" | "degraded";
  version: string;
  pid: number;
  home: string;
  started_at: string;
  api_url: string;
  pool_address: string;
  direct_address: string;
  listen: {
    address: string;
    /** Do other machines reach it? */
    exposed: boolean;
    /** Null: nothing is encrypted. */
    certificate: { names: string[]; expires_at: string } | null;
  };
  toolchain: {
    directory: string;
    postgres: string;
    pgbouncer: string;
    /** Null: nothing can be recovered to a point in time. */
    pgbackrest: string | null;
  };
  services: ServiceState[];
  /** Processes that answer SQL over HTTP; 0: the daemon does it itself. */
  workers: number;
  databases: { total: number; ready: number };
  /** Of the home. Below the reserve nothing new begins; what runs goes on. */
  disk: { total_bytes: number; free_bytes: number; reserve_bytes: number };
  warnings: string[];
}

export interface QueryField {
  name: string;
  type_oid: number;
  type: string;
}

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

export interface QueryRequest {
  sql: string;
  params?: JsonValue[];
}

export interface QueryResult<Row = Record<string, JsonValue>> {
  rows: Row[];
  fields: QueryField[];
  row_count: number;
}

export interface ExecuteResult<Row = Record<string, JsonValue>> {
  rows_affected: number;
  rows?: Row[];
  fields?: QueryField[];
}

/** A statement to run as a client would and to undo. One of `subject` and `anonymous`. */
export interface RowSecurityTestRequest extends QueryRequest {
  /** What auth.uid() is to be. */
  subject?: string;
  /** What auth.jwt() is to say beside it. */
  claims?: { [name: string]: JsonValue };
  /** As a client without a token, read-only. */
  anonymous?: boolean;
}

export interface TransactionRequest {
  statements: QueryRequest[];
  isolation_level?: "read committed" | "repeatable read" | "serializable";
  read_only?: boolean;
  deferrable?: boolean;
}

export interface TransactionResult {
  results: { rows: Record<string, JsonValue>[]; fields: QueryField[]; rows_affected: number }[];
}
