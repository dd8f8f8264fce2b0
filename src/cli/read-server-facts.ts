/** In charge of how a database is that is reached by its address, whoever runs it. */
import { formatBytes, formatDuration, formatTime } from "./format.ts";
import { renderFields } from "./table.ts";
import { openUrlSession } from "./url-mode.ts";

export interface ServerFacts {
  status: "ready";
  healthy: true;
  host: string;
  port: number;
  database: string;
  user: string;
  version: string;
  size_bytes: number;
  connections: { open: number; limit: number };
  /** A standby answers, and takes no writes. */
  read_only: boolean;
  tls: boolean | null;
  started_at: string | null;
  latency_ms: number;
}

/** Each of them may be asked by anybody; through a pooler there is no row of one's own among the connections. */
const sql = `
  select current_database() as database, current_user as user, current_setting('server_version') as version,
         pg_database_size(current_database())::float8 as size_bytes,
         (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as open,
         current_setting('max_connections')::int as limit,
         pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as read_only,
         (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as tls,
         to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as started_at`;

/** @throws Y4001, and what Postgres says */
export async function readServerFacts(url: string): Promise<ServerFacts> {
  const session = await openUrlSession(url, false);
  try {
    const startedAt = performance.now();
    const [answer] = await session.run(sql);
    const latencyMs = performance.now() - startedAt;
    const { open, limit, ...row } = answer!.rows[0] as unknown as Omit<ServerFacts, "connections"> & {
      open: number;
      limit: number;
    };
    const [, host = "", port = ""] = /^(.*):(\d+)\//.exec(session.label) ?? [];
    return {
      ...row,
      status: "ready",
      healthy: true,
      host,
      port: Number(port),
      connections: { open, limit },
      latency_ms: Math.round(latencyMs),
    };
  } finally {
    await session.close();
  }
}

export function renderServerFacts(facts: ServerFacts): string {
  return `Database ${facts.database}\n\n${renderFields([
    ["Status", facts.status],
    ["Healthy", `yes, answered in ${formatDuration(facts.latency_ms)}`],
    ["Host", `${facts.host}:${facts.port}`],
    ["User", facts.user],
    ["Postgres", facts.version],
    ["Size", formatBytes(facts.size_bytes)],
    ["Connections", `${facts.connections.open} of ${facts.connections.limit}`],
    ["Writes", facts.read_only ? "no, it is read-only" : "yes"],
    ["TLS", facts.tls === null ? null : facts.tls ? "yes" : "no"],
    ["Started", facts.started_at && formatTime(facts.started_at)],
  ])}`;
}
