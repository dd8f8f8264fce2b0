/** In charge of who has a session on a server: seen by Postgres, and by the operating system before Postgres names them. */
import { readFile } from "node:fs/promises";
import type pg from "pg";

export interface ServerSession {
  pid: number;
  database: string | null;
  role: string | null;
  application: string;
  /** Null: by the unix socket, as the pooler and Postern itself come. */
  address: string | null;
  /** `idle`, `active`, `idle in transaction` …; null while it starts. */
  state: string | null;
  connected_at: Date;
  /** When its last statement began. */
  statement_at: Date | null;
  /** How long nothing has happened on it, milliseconds. */
  rested_ms: number;
}

const sessionsSql = `
  select pid, datname as database, usename as role, coalesce(application_name, '') as application, host(client_addr) as address, state,
         backend_start as connected_at, query_start as statement_at, backend_type,
         (extract(epoch from clock_timestamp() - greatest(backend_start, state_change)) * 1000)::float8 as rested_ms
    from pg_stat_activity where pid <> pg_backend_pid()`;

interface ActivityRow extends ServerSession {
  backend_type: string;
}

const isOfClient = ({ backend_type: type }: ActivityRow): boolean =>
  type === "client backend" || type === "walsender";

/** Sessions that clients have now. */
export async function listSessions(client: pg.Client): Promise<ServerSession[]> {
  const { rows } = await client.query<ActivityRow>(sessionsSql);
  return rows.filter(isOfClient);
}

/**
 * The same, with those that are just logging in: Postgres does not show them yet, but their processes are there.
 * @param pid of the postmaster
 */
export async function listAllSessions(
  client: pg.Client,
  pid: number,
): Promise<{ sessions: ServerSession[]; starting: number[] }> {
  const { rows: own } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const children = await childrenOf(pid);
  const { rows } = await client.query<ActivityRow>(sessionsSql);
  const known = new Set([...rows.map((row) => row.pid), ...own.map((row) => row.pid)]);
  const sessions = rows.filter(isOfClient);
  return { sessions, starting: children.filter((child) => !known.has(child)) };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text.trim() === "" ? [] : text.trim().split(/\s+/).map(Number);
}
