/** In charge of the shapes of the daemon's own state. */

export interface ServiceState {
  name: string;
  status: "running" | "starting" | "stopped" | "failed";
  pid: number | null;
  detail: string | null;
}

/** A daemon that shares its tables with others. */
export interface ControlPlaneInfo {
  id: string;
  name: string;
  version: string;
  /** Of its API. */
  address: string;
  /** Does it do what one has to do for all, such as begin scheduled backups? */
  leads: boolean;
  /** What it alone does while it leads; none of those that do not. */
  duties: string[];
  /** Operations that it is at. */
  operations: number;
  /** Silent: it is about to be given up. Gone: the others have taken over what it was at. */
  status: "up" | "silent" | "gone";
  /** Is it the one that says so? */
  is_this: boolean;
  started_at: string;
  last_seen_at: string;
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
  /** Do servers that are started now get a sandbox? The reason says why they do not. */
  sandbox: { mode: "off" | "auto" | "on"; available: boolean; reason: string | null };
  services: ServiceState[];
  /** Those that share its tables, itself among them; none where it has tables of its own. */
  control_planes: ControlPlaneInfo[];
  /** Processes that answer SQL over HTTP; 0: the daemon does it itself. */
  workers: number;
  databases: { total: number; ready: number };
  /** Of the home. Below the reserve nothing new begins; what runs goes on. */
  disk: { total_bytes: number; free_bytes: number; reserve_bytes: number };
  warnings: string[];
}
