/** In charge of what all Postgres servers of Postern's are set to, as lines of a configuration file. */
import { isLoopback } from "../base/listen.ts";
import type { ServerSpec } from "./runtime.ts";

/** Where servers listen, and how they talk to other machines. */
export interface ServerExposure {
  listen: string;
  /** Certificate chain and key, PEM, the servers' user's own; null: no TLS. */
  tlsFile: string | null;
  /** Other machines may come without encryption. */
  insecure: boolean;
}

/** As Postgres and PgBouncer write it. Postern itself comes by loopback, wherever else they listen. */
export function listenAddresses(listen: string): string {
  if (isLoopback(listen) || listen === "0.0.0.0") return listen;
  return listen === "::" ? "*" : `${listen},127.0.0.1`;
}

const common: Record<string, string> = {
  unix_socket_permissions: "0700",
  timezone: "UTC",
  log_timezone: "UTC",
  log_line_prefix: "%m [%p] %d ",
  // Statements are users' data: they, and the secrets in them, stay out of the log even when they fail.
  log_min_error_statement: "panic",
  // So are the values that errors and warnings quote; whoever caused them is told. The server's own affairs are logged.
  log_min_messages: "log",
  log_checkpoints: "off",
  huge_pages: "off",
  jit: "off",
  wal_compression: "lz4",
  min_wal_size: "80MB",
  max_wal_size: "1GB",
  password_encryption: "scram-sha-256",
  superuser_reserved_connections: "5",
  // A database moves to another server while it is in use: what is written meanwhile follows by logical replication.
  wal_level: "logical",
  // A move that came to a halt must not fill the disk.
  max_slot_wal_keep_size: "16GB",
  // A statement whose client is gone is ended within a second, not when it has its result.
  client_connection_check_interval: "1s",
  shared_buffers: "32MB",
  max_connections: "60",
};

/** Values are quoted as postgresql.conf wants it. */
export function renderServerSettings(
  spec: ServerSpec,
  { listen, tlsFile }: ServerExposure,
  { ephemeral = false } = {},
): string {
  const settings: Record<string, string> = {
    ...common,
    ...(ephemeral ? { fsync: "off" } : {}),
    ...spec.settings,
    listen_addresses: spec.tcpPort === null ? "" : listenAddresses(listen),
    port: String(spec.tcpPort ?? 5432),
    unix_socket_directories: spec.socketDirectory,
    ...(tlsFile === null || spec.tcpPort === null ? {} : tlsSettings(tlsFile)),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  if (spec.settingsFile !== undefined)
    lines.push(`include_if_exists = '${spec.settingsFile.replaceAll("'", "''")}'`);
  return `# Written by Postern at every start; changes made here are lost.\n${lines.join("\n")}\n`;
}

const tlsSettings = (file: string): Record<string, string> => ({
  ssl: "on",
  ssl_cert_file: file,
  ssl_key_file: file,
  ssl_min_protocol_version: "TLSv1.2",
});

/**
 * Who may log in how. Over the unix socket, whose folder only Postern's own users can enter, the operating system's word
 * counts: the daemon and the pooler may be any role. Over TCP a role reaches the database of its own name, or of a role
 * that it is a member of, and no other; superusers never come that way. Before Postgres 16 no rule can say that a user
 * may be any role; there it is the folder's and the socket's own modes, 0700 both, that let nobody else in.
 */
export const localRules = (major: number): string => `# Written by Postern.
local all      all                                            ${major >= 16 ? "peer map=postern" : "trust"}
`;
export const hbaRules = (
  major: number,
): string => `${localRules(major)}host  all      postern_admin,postern_backup,postern_pooler all reject
host  samerole all 127.0.0.1/32                               scram-sha-256
host  samerole all ::1/128                                    scram-sha-256
`;

/** The rules with what holds for other machines: encrypted, unless the operator has said that it need not be. */
export function renderHbaRules({ listen, tlsFile, insecure }: ServerExposure, major: number): string {
  if (isLoopback(listen) || (tlsFile === null && !insecure)) return hbaRules(major);
  const type = tlsFile === null ? "host   " : "hostssl";
  return `${hbaRules(major)}${type} samerole all all scram-sha-256\n`;
}

/** Operating-system users that may be any role over the socket. */
export const identRules = (users: readonly string[]): string =>
  `# Written by Postern.\n${users.map((user) => `postern "${user}" all`).join("\n")}\n`;
