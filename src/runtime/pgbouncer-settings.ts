/** In charge of PgBouncer's configuration files, as text. */
import { isLoopback } from "../base/listen.ts";
import type { PoolTarget } from "./pgbouncer.ts";
import { listenAddresses, type ServerExposure } from "./server-settings.ts";

export interface PoolerSettings extends ServerExposure {
  port: number;
  directory: string;
  socketDirectory: string;
  /** Socket folder of the instance that answers for names without an entry of their own. */
  sharedSocketDirectory: string;
  /** Where Postern's own tables are: logins are looked up there. */
  systemSocketDirectory: string;
}

/**
 * Entry of Postern's own tables: the login look-up lives there, out of reach of whatever happens in a user's database. It
 * names no user, because PgBouncer would give that user's rights to every client that asks for this entry; the look-up
 * itself runs as `auth_user`.
 */
const loginDatabase = "postern_login";
export const poolAdminUser = "postern_pool_admin";

/** Parameters that clients send at start-up and that a pooled session cannot keep; refusing them would refuse the client. */
const ignoredParameters = [
  "extra_float_digits",
  "options",
  "search_path",
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
  "pgbouncer",
  "connection_limit",
  "pool_timeout",
];

export function renderPoolerSettings(settings: PoolerSettings): string {
  return `; Written by Postern at every start; changes made here are lost.
[databases]
${loginDatabase} = host=${settings.systemSocketDirectory} port=5432 dbname=postern pool_size=4
%include ${settings.directory}/databases.ini
* = host=${settings.sharedSocketDirectory} port=5432

[pgbouncer]
listen_addr = ${listenAddresses(settings.listen)}
listen_port = ${settings.port}
unix_socket_dir = ${settings.socketDirectory}
unix_socket_mode = 0700
pidfile = ${settings.directory}/pgbouncer.pid
log_connections = 0
log_disconnections = 0
${renderAccess(settings)}
auth_file = ${settings.directory}/userlist.txt
auth_user = postern_pooler
auth_dbname = ${loginDatabase}
auth_query = select username, verifier from pool.find_login($1)
admin_users = ${poolAdminUser}
pool_mode = transaction
max_client_conn = 5000
default_pool_size = 10
min_pool_size = 0
max_prepared_statements = 100
; Nothing that a client leaves in a session may reach the next one that gets the connection.
server_reset_query = DISCARD ALL
server_reset_query_always = 1
ignore_startup_parameters = ${ignoredParameters.join(",")}
; One refused connection makes PgBouncer refuse everyone for this long; the default of 15 s would outlast the fault.
server_login_retry = 1
server_connect_timeout = 15
query_wait_timeout = 60
server_idle_timeout = 60
`;
}

/**
 * Who may log in how. Over TLS whoever asks for it; other machines must. `client_tls_sslmode = require` would ask it of
 * this machine's clients too, and of Postern's own tunnel.
 */
function renderAccess({ listen, tlsFile, directory }: PoolerSettings): string {
  if (tlsFile === null) return "auth_type = scram-sha-256";
  const tls = `client_tls_sslmode = allow
client_tls_protocols = secure
client_tls_cert_file = ${tlsFile}
client_tls_key_file = ${tlsFile}`;
  if (isLoopback(listen)) return `auth_type = scram-sha-256\n${tls}`;
  return `auth_type = hba\nauth_hba_file = ${directory}/hba.conf\n${tls}`;
}

/** For where a certificate is: without encryption from this machine only. */
export const poolerHbaRules = `# Written by Postern.
local   all all              scram-sha-256
host    all all 127.0.0.1/32 scram-sha-256
host    all all ::1/128      scram-sha-256
hostssl all all 0.0.0.0/0    scram-sha-256
hostssl all all ::/0         scram-sha-256
`;

/** The file of entries for databases that are not on the shared instance. @param full those whose pools may not grow */
export function renderPoolTargets(targets: readonly PoolTarget[], full: ReadonlySet<string>): string {
  return targets
    .map(({ database, socketDirectory }) => {
      const limit = full.has(database) ? " max_db_connections=1" : "";
      return `${database} = host=${socketDirectory} port=5432${limit}\n`;
    })
    .join("");
}
