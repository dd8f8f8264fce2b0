/** In charge of what all Postgres servers of Postern's are set to, as lines of a configuration file. */
import type { ServerSpec } from "./runtime.ts";

const common: Record<string, string> = {
  unix_socket_permissions: "0700",
  timezone: "UTC",
  log_timezone: "UTC",
  log_line_prefix: "%m [%p] %d ",
  // Statements are users' data: they, and the secrets in them, stay out of the log even when they fail.
  log_min_error_statement: "panic",
  log_min_messages: "warning",
  log_checkpoints: "off",
  huge_pages: "off",
  jit: "off",
  wal_compression: "lz4",
  min_wal_size: "80MB",
  max_wal_size: "1GB",
  password_encryption: "scram-sha-256",
  superuser_reserved_connections: "5",
  // A statement whose client is gone is ended within a second, not when it has its result.
  client_connection_check_interval: "1s",
  shared_buffers: "32MB",
  max_connections: "60",
};

/** Values are quoted as postgresql.conf wants it. */
export function renderServerSettings(spec: ServerSpec, listen: string): string {
  const settings: Record<string, string> = {
    ...common,
    ...spec.settings,
    listen_addresses: spec.tcpPort === null ? "" : listen,
    port: String(spec.tcpPort ?? 5432),
    unix_socket_directories: spec.socketDirectory,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  return `# Written by Postern at every start; changes made here are lost.\n${lines.join("\n")}\n`;
}

/**
 * Who may log in how. Over the unix socket, whose folder only Postern's own users can enter, the operating system's word
 * counts: the daemon and the pooler may be any role. Over TCP a role reaches the database of its own name, or of a role
 * that it is a member of, and no other; superusers never come that way.
 */
export const hbaRules = `# Written by Postern.
local all      all                                            peer map=postern
host  all      postern_admin,postern_backup,postern_pooler all reject
host  samerole all 127.0.0.1/32                               scram-sha-256
host  samerole all ::1/128                                    scram-sha-256
`;

/** Operating-system users that may be any role over the socket. */
export const identRules = (users: readonly string[]): string =>
  `# Written by Postern.\n${users.map((user) => `postern "${user}" all`).join("\n")}\n`;
