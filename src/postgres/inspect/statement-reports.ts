/** In charge of looks at what pg_stat_statements has counted in a database, where it is there. */
import type pg from "pg";
import { posternError } from "../../base/error.ts";
import { type InspectColumn, type InspectReport, type InspectRow, rowsOf, shortStatement } from "./report.ts";

const columns: readonly InspectColumn[] = [
  { key: "calls", form: "count" },
  { key: "total_ms", title: "total", form: "duration" },
  { key: "mean_ms", title: "mean", form: "duration" },
  { key: "max_ms", title: "longest", form: "duration" },
  { key: "rows", form: "count" },
  { key: "hit_percent", title: "from memory", form: "percent" },
  { key: "percent", title: "of all time", form: "percent" },
  { key: "statement" },
];

const placeSql = `
  select quote_ident(n.nspname) || '.pg_stat_statements' as relation from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'`;

/** Where the view is; undefined where the extension is not in this database. */
export const findStatementsView = async (client: pg.ClientBase): Promise<string | undefined> =>
  (await rowsOf(client, placeSql))[0]?.relation as string | undefined;

const statementsSql = (relation: string, order: string): string => `
  select s.queryid::text as query_id, sum(s.calls)::float8 as calls, round(sum(s.total_exec_time)::numeric, 2)::float8 as total_ms,
         round((sum(s.total_exec_time) / greatest(1, sum(s.calls)))::numeric, 2)::float8 as mean_ms,
         round(max(s.max_exec_time)::numeric, 2)::float8 as max_ms, sum(s.rows)::float8 as rows,
         round(100.0 * sum(s.shared_blks_hit) / nullif(sum(s.shared_blks_hit + s.shared_blks_read), 0), 1)::float8 as hit_percent,
         round((100 * sum(s.total_exec_time) / greatest(0.001, sum(sum(s.total_exec_time)) over ()))::numeric, 1)::float8 as percent,
         ${shortStatement("min(s.query)")} as statement
    from ${relation} s
   where s.dbid = (select oid from pg_database where datname = current_database()) and s.query <> '<insufficient privilege>'
   group by s.queryid order by ${order} limit 50`;

/** @throws Y9012 where nobody counts statements */
async function readStatements(client: pg.ClientBase, order: string): Promise<InspectRow[]> {
  const relation = await findStatementsView(client);
  if (relation === undefined) {
    throw posternError("Y9012", "Nobody has counted statements in this database.", {
      detail: "The extension pg_stat_statements is not installed in it.",
      hint: "Put pg_stat_statements into shared_preload_libraries, restart the server, and run CREATE EXTENSION pg_stat_statements.",
    });
  }
  return rowsOf(client, statementsSql(relation, order));
}

export const slowReport: InspectReport = {
  name: "slow",
  summary: "statements that took the most time",
  columns,
  nothing: "No statement was counted yet.",
  read: (client) => readStatements(client, "total_ms desc"),
};

export const callsReport: InspectReport = {
  name: "calls",
  summary: "statements that ran most often",
  columns,
  nothing: "No statement was counted yet.",
  read: (client) => readStatements(client, "calls desc"),
};

/** What ran, the most expensive first. */
export async function readWorkload(
  client: pg.ClientBase,
): Promise<{ statement: string; calls: number; total_ms: number }[]> {
  const relation = await findStatementsView(client);
  if (relation === undefined) return [];
  const { rows } = await client.query<{ statement: string; calls: number; total_ms: number }>(`
    select min(s.query) as statement, sum(s.calls)::float8 as calls, sum(s.total_exec_time) as total_ms
      from ${relation} s
     where s.dbid = (select oid from pg_database where datname = current_database()) and s.query <> '<insufficient privilege>'
     group by s.queryid order by total_ms desc limit 500`);
  return rows;
}
