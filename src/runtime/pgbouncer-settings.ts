/** In charge of PgBouncer's configuration files, as text. */
import type { PoolTarget } from "./pgbouncer.ts";

export interface PoolerSettings {
  listen: string;
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
export const loginDatabase = "postern_login";
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
listen_addr = ${settings.listen}
listen_port = ${settings.port}
unix_socket_dir = ${settings.socketDirectory}
unix_socket_mode = 0700
pidfile = ${settings.directory}/pgbouncer.pid
log_connections = 0
log_disconnections = 0
auth_type = scram-sha-256
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

/** The file of entries for databases that are not on the shared instance. */
export function renderPoolTargets(targets: readonly PoolTarget[]): string {
  return targets.map((target) => `${target.database} = host=${target.socketDirectory} port=5432\n`).join("");
}
