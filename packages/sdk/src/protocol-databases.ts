/** In charge of the shapes of databases: what they are, how they are made, reached and moved. */
import type { DatabaseEnvironmentInfo } from "./protocol-projects.ts";

/**
 * Where a database's server lives: with others on one Postgres, in a Postgres of its own, in a machine
 * of its own, or on a registered one.
 */
export type Isolation = "shared" | "process" | "microvm" | "external";

/** Service class: `db.p1` development and test, `db.p2` staging and light production, `db.p3` production. */
export type DatabaseClass = "db.p1" | "db.p2" | "db.p3";

export type DatabaseStatus =
  | "creating"
  | "ready"
  | "paused"
  /** It is ready, and the registered instance that it is on is not: it does not answer, or takes no writes. */
  | "unreachable"
  | "read_only"
  | "restoring"
  | "scaling"
  | "upgrading"
  | "failed"
  | "destroying"
  | "destroyed";

/** What keeps a database's server from what is not its own, as it is in force now. */
export interface ServerSandbox {
  /** `own`: of Postern's files it sees its own only; `shared`: those of all servers, which one user owns. */
  files: "own" | "shared";
  /** `own`: it sees no process but its own. */
  processes: "own" | "shared";
  /** Most private memory of one of its processes. */
  process_memory_bytes: number;
  /** Most memory of all its processes together; null: as much as there is. */
  server_memory_bytes: number | null;
  /** Most processes; null: as many as there can be. */
  server_processes: number | null;
}

/** What `db create`, `db info`, `db status` and `db list` answer with. Times are RFC 3339 in UTC. */
export interface DatabaseInfo {
  id: string;
  name: string;
  status: DatabaseStatus;
  class: DatabaseClass;
  isolation: Isolation;
  /** The registered instance that it is on; null: a server of Postern's own. */
  external_instance: { id: string; name: string; status: string; reason: string | null } | null;
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
  /** The database whose data of a moment this one was made of. */
  restored_from: string | null;
  /** That moment. */
  restored_to: string | null;
  /** When a branch destroys itself. */
  expires_at: string | null;
  /** Since when it sleeps; null: it is awake. */
  paused_at: string | null;
  /** Seconds without a statement after which it sleeps by itself; null: it does not. */
  pause_after_seconds: number | null;
  /** The environment of a project that it serves. */
  environment: DatabaseEnvironmentInfo | null;
  /** Null: not asked (lists), its server does not run here now, or it has a machine of its own. */
  sandbox: ServerSandbox | null;
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
  /** Name or id of the registered instance that it is placed on; implies isolation `external`. */
  instance?: string;
  /** Labels that a registered instance must have; implies isolation `external`. */
  instance_labels?: Record<string, string>;
  /** Postgres major, for example "17". */
  version?: string;
  /** Owner role of one's own choice: 3 to 16 characters of `a-z 0-9 _`. */
  user?: string;
  /** Owner's password of one's own choice: at least 8 characters. */
  password?: string;
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

export interface ScaleRequest {
  class: DatabaseClass;
}

export interface UpgradeRequest {
  /** Postgres major, for example "17". */
  to: string;
}

/** Result of the operation `upgrade_database`. */
export interface UpgradeResult {
  database_id: string;
  /** Version of Postgres before, for example "15.18". */
  from: string;
  to: string;
  /** Why writes were held while the data was copied; null: they were held for the switch only. */
  writes_held: string | null;
  /** Of what was there when the copy was made. */
  backup_id: string | null;
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
