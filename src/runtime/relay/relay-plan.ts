/** In charge of naming what the relay of a registered server needs to know. */

export interface RelayHost {
  host: string;
  port: number;
}

export interface RelayTls {
  /** `require` encrypts and believes any certificate; `verify-ca` asks for one of a known authority; `verify-full` for the host's own. */
  mode: "require" | "verify-ca" | "verify-full";
  /** Certificates of authorities, PEM; null: those that Node knows. */
  ca: string | null;
}

export interface RelayPlan {
  /** The instance's id. */
  name: string;
  /** Folder of the socket at which Postern, its data plane and its pooler come in. */
  directory: string;
  hosts: RelayHost[];
  /** Null: in the clear. */
  tls: RelayTls | null;
  /** What is `postgres` on Postern's own servers: where work that concerns the whole server is done. */
  maintenanceDatabase: string;
  /** Databases that have another name there. */
  databases?: Record<string, string>;
  /** Roles of Postern's own servers for which another one stands in there. */
  aliases: Record<string, string>;
  /** Passwords of owners, the newest first: an older one counts until the server has the new one. */
  logins: Record<string, string[]>;
  /** Roles that Postern alone logs in as have passwords that follow from this key and their names. Base64; empty: nobody but `logins`. */
  loginKey: string;
}

/** How long a connection attempt may take, and how long attempts go on while a server is away for a moment. */
export const connectWithinMs = 4_000;
export const patienceMs = 6_000;
