/** In charge of looks at the sessions of a database: what they do, for how long, and how many they are. */
import type pg from "pg";
import { type InspectColumn, type InspectReport, msSince, rowsOf, shortStatement } from "./report.ts";

const sessionColumns: readonly InspectColumn[] = [
  { key: "pid", form: "count" },
  { key: "user" },
  { key: "application" },
  { key: "state" },
  { key: "statement_ms", title: "for", form: "duration" },
  { key: "transaction_ms", title: "transaction", form: "duration" },
  { key: "waits_for", title: "waits for" },
  { key: "statement" },
];

/** Of this database, without the session that asks. Others' statements are null to a role that may not see them. */
const sessionsSql = (where: string, order: string): string => `
  select a.pid, a.usename as "user", coalesce(nullif(a.application_name, ''), a.backend_type) as application, a.client_addr::text as address,
         a.state, ${msSince("case when a.state = 'active' then a.query_start else a.state_change end")} as statement_ms,
         ${msSince("a.xact_start")} as transaction_ms,
         case when a.state = 'active' then a.wait_event_type || ': ' || a.wait_event end as waits_for,
         cardinality(pg_blocking_pids(a.pid)) > 0 as is_blocked, ${shortStatement("a.query")} as statement,
         case when a.backend_type <> 'client backend' then null
              when a.state like 'idle in transaction%' then 'postern db kill ' || a.pid
              when a.state = 'active' and a.query_start < clock_timestamp() - interval '1 minute'
              then 'postern db kill ' || a.pid || ' --cancel' end as mend
    from pg_stat_activity a
   where a.datname = current_database() and a.pid <> pg_backend_pid() and ${where}
   order by ${order}`;

/** Sessions of other roles can be counted and not read. */
async function hiddenRemark(client: pg.ClientBase): Promise<string | undefined> {
  const [row] = await rowsOf(
    client,
    `select count(*)::int as hidden from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and query = '<insufficient privilege>'`,
  );
  const hidden = Number(row?.hidden ?? 0);
  if (hidden === 0) return undefined;
  return `${hidden} ${hidden === 1 ? "session is" : "sessions are"} of other roles: that they are there can be seen, what they do cannot.`;
}

export const activityReport: InspectReport = {
  name: "activity",
  summary: "sessions that do something, or hold a transaction open",
  columns: sessionColumns,
  nothing: "Nothing runs.",
  read: (client) =>
    rowsOf(client, sessionsSql("(a.state is null or a.state <> 'idle')", "a.xact_start nulls last, a.pid")),
  remark: hiddenRemark,
};

export const longRunningReport: InspectReport = {
  name: "long-running",
  summary: "statements and transactions that last longer than a minute, or than --over says",
  columns: sessionColumns,
  nothing: "Nothing lasts that long.",
  async read(client, { overMs }) {
    const sql = sessionsSql(
      `a.state <> 'idle' and coalesce(a.xact_start, a.query_start) <= clock_timestamp() - make_interval(secs => $1::float8 / 1000)`,
      "coalesce(a.xact_start, a.query_start), a.pid",
    );
    return rowsOf(client, sql, [overMs]);
  },
  remark: hiddenRemark,
};

export const connectionsReport: InspectReport = {
  name: "connections",
  summary: "how many sessions there are, by user, application and state",
  columns: [
    { key: "user" },
    { key: "application" },
    { key: "state" },
    { key: "sessions", form: "count" },
    { key: "oldest_ms", title: "oldest", form: "duration" },
    { key: "longest_idle_ms", title: "idle for", form: "duration" },
  ],
  nothing: "Nobody is connected but this command.",
  read: (client) =>
    rowsOf(
      client,
      `select usename as "user", coalesce(nullif(application_name, ''), backend_type) as application, coalesce(state, 'hidden') as state,
              count(*)::int as sessions, max(${msSince("backend_start")}) as oldest_ms,
              max(case when state like 'idle%' then ${msSince("state_change")} end) as longest_idle_ms
         from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
        group by 1, 2, 3 order by sessions desc, 1, 2, 3`,
    ),
  async remark(client) {
    const [row] = await rowsOf(
      client,
      `select (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used,
              current_setting('max_connections')::int as most, current_setting('superuser_reserved_connections')::int as reserved,
              (select datconnlimit from pg_database where datname = current_database()) as own_limit,
              (select count(*)::int from pg_stat_activity where backend_type = 'client backend' and datname = current_database()) as own`,
    );
    if (!row) return undefined;
    const { used, most, reserved, own_limit: ownLimit, own } = row as Record<string, number>;
    const here = ownLimit! >= 0 ? `${own} of ${ownLimit} connections of this database are in use; ` : "";
    return `${here}${used} of ${most} connections of the server are in use, ${reserved} of them are kept for superusers.`;
  },
};
