/** In charge of the shapes of Postgres servers: Postern's own, and those that somebody else runs and that are registered. */
import type { DatabaseClass } from "./protocol-databases.ts";

/** `draining` goes before all else: nothing new is placed there. */
export type InstanceStatus = "healthy" | "degraded" | "unreachable" | "read_only" | "draining";

/** A server that was registered. Its passwords are told to nobody. */
export interface RegisteredInstance {
  /** `ins-` and 12 hexadecimal digits. */
  id: string;
  name: string;
  status: InstanceStatus;
  /** Since when its health is what it is. */
  since: string;
  /** Why it is not healthy. */
  reason: string | null;
  code: string | null;
  draining: boolean;
  /** `host:port`, in the order in which they are tried. */
  hosts: string[];
  database: string;
  user: string;
  tls: "disable" | "require" | "verify-ca" | "verify-full";
  /** Of Postgres, for example "17.5". */
  version: string;
  superuser: boolean;
  /** Databases of these classes are placed here; none: only where the instance is named. */
  classes: DatabaseClass[];
  labels: Record<string, string>;
  /** How many databases it takes; null: no limit. */
  capacity: number | null;
  databases: number;
  /** Sessions that all databases here may hold together, and those that are promised to the ones it has. */
  max_connections: number;
  promised_connections: number;
  latency_ms: number | null;
  system_identifier: string | null;
  /** Extensions that can be had there. */
  extensions: string[];
  /** What does not work there as it does on Postern's own servers. */
  warnings: string[];
  checked_at: string;
  created_at: string;
}

export interface RegisterInstanceRequest {
  name: string;
  /** `postgres://user:password@host:port/database?sslmode=…` of a role that may create roles and databases. */
  dsn: string;
  /** Certificates of the authorities that the server's is checked against, PEM. */
  ca?: string;
  classes?: DatabaseClass[];
  labels?: Record<string, string>;
  capacity?: number;
  /** Sessions that all databases there may hold together; four fifths of the server's own when absent. */
  max_connections?: number;
  /** A server of this machine or of a private network may be spoken to in the clear. */
  insecure?: boolean;
  /** It carries the mark of another Postern, which is gone. */
  take_over?: boolean;
}

export interface DeregisteredInstance {
  id: string;
  name: string;
  /** What of Postern's was left on the server, because it did not answer. */
  left_behind: boolean;
}
