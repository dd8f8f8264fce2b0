/** In charge of the rows of what databases were asked: statements, their minutes, and requests that were remarkable. */
import type { Queryable } from "./state.ts";

export interface StatementRow {
  database_id: string;
  fingerprint: string;
  statement: string;
  kind: string;
  tables: string[];
}

export interface MinuteRow {
  database_id: string;
  source: "http" | "postgres";
  minute: string;
  fingerprint: string;
  calls: number;
  total_ms: number;
  max_ms: number;
  wait_ms: number;
  rows: number;
  errors: number;
  slow: number;
}

export interface TraceRow {
  database_id: string;
  request_id: string;
  at: string;
  trace: unknown;
}

export interface NPlusOneRow {
  database_id: string;
  fingerprint: string;
  table_name: string;
  requests: number;
  most: number;
  last_request_id: string;
  at: string;
}

/** What is gathered may be of a database that is gone by now: then it is forgotten. */
const known = "join databases d on d.id = r.database_id";

export async function saveStatements(db: Queryable, rows: readonly StatementRow[]): Promise<void> {
  await db.query(
    `insert into insight_statements (database_id, fingerprint, statement, kind, tables)
     select r.database_id, r.fingerprint, r.statement, r.kind, r.tables
       from jsonb_to_recordset($1::jsonb) as r (database_id text, fingerprint text, statement text, kind text, tables text[]) ${known}
     on conflict (database_id, fingerprint) do update set last_seen_at = now()`,
    [JSON.stringify(rows)],
  );
}

/** Adds to what the minute has already. */
export async function addMinutes(db: Queryable, rows: readonly MinuteRow[]): Promise<void> {
  await db.query(
    `insert into insight_minutes as m (database_id, source, minute, fingerprint, calls, total_ms, max_ms, wait_ms, rows, errors, slow)
     select r.database_id, r.source, r.minute, r.fingerprint, r.calls, r.total_ms, r.max_ms, r.wait_ms, r.rows, r.errors, r.slow
       from jsonb_to_recordset($1::jsonb) as r (database_id text, source text, minute timestamptz, fingerprint text, calls bigint,
            total_ms float8, max_ms float8, wait_ms float8, rows bigint, errors bigint, slow bigint) ${known}
     on conflict (database_id, source, minute, fingerprint) do update
       set calls = m.calls + excluded.calls, total_ms = m.total_ms + excluded.total_ms, max_ms = greatest(m.max_ms, excluded.max_ms),
           wait_ms = m.wait_ms + excluded.wait_ms, rows = m.rows + excluded.rows, errors = m.errors + excluded.errors,
           slow = m.slow + excluded.slow`,
    [JSON.stringify(rows)],
  );
}

export async function saveTraces(db: Queryable, rows: readonly TraceRow[]): Promise<void> {
  await db.query(
    `insert into insight_traces (database_id, request_id, at, trace)
     select r.database_id, r.request_id, r.at, r.trace
       from jsonb_to_recordset($1::jsonb) as r (database_id text, request_id text, at timestamptz, trace jsonb) ${known}
     on conflict (database_id, request_id) do update set trace = excluded.trace`,
    [JSON.stringify(rows)],
  );
}

export async function saveNPlusOne(db: Queryable, rows: readonly NPlusOneRow[]): Promise<void> {
  await db.query(
    `insert into insight_n_plus_one as n (database_id, fingerprint, table_name, requests, most, last_request_id, first_at, last_at)
     select r.database_id, r.fingerprint, r.table_name, r.requests, r.most, r.last_request_id, r.at, r.at
       from jsonb_to_recordset($1::jsonb) as r (database_id text, fingerprint text, table_name text, requests bigint, most int,
            last_request_id text, at timestamptz) ${known}
     on conflict (database_id, fingerprint) do update
       set requests = n.requests + excluded.requests, most = greatest(n.most, excluded.most),
           last_request_id = excluded.last_request_id, last_at = excluded.last_at`,
    [JSON.stringify(rows)],
  );
}

/** Also of a statement that is not written down yet. */
export async function savePlan(db: Queryable, row: StatementRow, plan: unknown): Promise<void> {
  await db.query(
    `insert into insight_statements (database_id, fingerprint, statement, kind, tables, plan, plan_at)
     select id, $2, $3, $4, $5, $6, now() from databases where id = $1
     on conflict (database_id, fingerprint) do update set plan = excluded.plan, plan_at = excluded.plan_at`,
    [row.database_id, row.fingerprint, row.statement, row.kind, row.tables, JSON.stringify(plan)],
  );
}

const mostTraces = 1_000;
const mostStatements = 2_000;

/** What is older goes, and of a database's what is beyond what is kept of each. */
export async function trimInsights(db: Queryable, days: number): Promise<void> {
  const old = "now() - make_interval(days => $1)";
  await db.query(`delete from insight_minutes where minute < ${old}`, [days]);
  await db.query(`delete from insight_n_plus_one where last_at < ${old}`, [days]);
  await db.query(
    `delete from insight_traces t using (
       select database_id, request_id, at, row_number() over (partition by database_id order by at desc) as place from insight_traces) o
      where t.database_id = o.database_id and t.request_id = o.request_id and (o.place > ${mostTraces} or o.at < ${old})`,
    [days],
  );
  await db.query(
    `delete from insight_statements s using (
       select database_id, fingerprint, last_seen_at,
              row_number() over (partition by database_id order by last_seen_at desc) as place from insight_statements) o
      where s.database_id = o.database_id and s.fingerprint = o.fingerprint
        and (o.place > ${mostStatements} or o.last_seen_at < ${old})`,
    [days],
  );
}

export interface StatementTotals {
  fingerprint: string;
  statement: string | null;
  kind: string | null;
  tables: string[] | null;
  source: "http" | "postgres";
  calls: number;
  total_ms: number;
  mean_ms: number;
  max_ms: number;
  wait_ms: number;
  rows: number;
  errors: number;
  slow: number;
  last_at: Date;
  plan: unknown;
}

export interface StatementsFilter {
  since: Date;
  order: "total" | "calls" | "mean" | "slow";
  fingerprint?: string | undefined;
  limit: number;
}

const orders = { total: "total_ms", calls: "calls", mean: "mean_ms", slow: "slow" };

/** Of the server's own count where there is one: it knows what came by every way. */
export async function listStatements(
  db: Queryable,
  databaseId: string,
  { since, order, fingerprint, limit }: StatementsFilter,
): Promise<StatementTotals[]> {
  const { rows } = await db.query<StatementTotals>(
    `select m.fingerprint, s.statement, s.kind, s.tables, m.source, sum(m.calls)::float8 as calls, sum(m.total_ms) as total_ms,
            sum(m.total_ms) / greatest(1, sum(m.calls)) as mean_ms, max(m.max_ms) as max_ms, sum(m.wait_ms) as wait_ms,
            sum(m.rows)::float8 as rows, sum(m.errors)::float8 as errors, sum(m.slow)::float8 as slow, max(m.minute) as last_at, s.plan
       from insight_minutes m left join insight_statements s using (database_id, fingerprint)
      where m.database_id = $1 and m.minute >= $2 and ($3::text is null or m.fingerprint = $3)
      group by m.fingerprint, s.statement, s.kind, s.tables, m.source, s.plan
      order by ${orders[order]} desc, m.fingerprint, m.source limit $4`,
    [databaseId, since, fingerprint ?? null, limit],
  );
  return rows;
}

export async function listMinutes(
  db: Queryable,
  databaseId: string,
  { since, fingerprint }: { since: Date; fingerprint: string | null },
): Promise<(Omit<MinuteRow, "minute" | "database_id" | "fingerprint"> & { minute: Date })[]> {
  const { rows } = await db.query<MinuteRow & { minute: Date }>(
    `select minute, source, sum(calls)::float8 as calls, sum(total_ms) as total_ms, max(max_ms) as max_ms, sum(wait_ms) as wait_ms,
            sum(rows)::float8 as rows, sum(errors)::float8 as errors, sum(slow)::float8 as slow
       from insight_minutes where database_id = $1 and minute >= $2 and ($3::text is null or fingerprint = $3)
      group by minute, source order by minute, source`,
    [databaseId, since, fingerprint],
  );
  return rows;
}

export async function findTrace(
  db: Queryable,
  databaseId: string,
  requestId: string,
): Promise<unknown | undefined> {
  const { rows } = await db.query<{ trace: unknown }>(
    "select trace from insight_traces where database_id = $1 and request_id = $2",
    [databaseId, requestId],
  );
  return rows[0]?.trace;
}

export async function listTraces(db: Queryable, databaseId: string, limit: number): Promise<unknown[]> {
  const { rows } = await db.query<{ trace: unknown }>(
    "select trace from insight_traces where database_id = $1 order by at desc, request_id limit $2",
    [databaseId, limit],
  );
  return rows.map(({ trace }) => trace);
}

export interface NPlusOneTotals extends Omit<NPlusOneRow, "database_id" | "at"> {
  statement: string | null;
  first_at: Date;
  last_at: Date;
}

export async function listNPlusOne(db: Queryable, databaseId: string): Promise<NPlusOneTotals[]> {
  const { rows } = await db.query<NPlusOneTotals>(
    `select n.fingerprint, n.table_name, n.requests::float8 as requests, n.most, n.last_request_id, n.first_at, n.last_at, s.statement
       from insight_n_plus_one n left join insight_statements s using (database_id, fingerprint)
      where n.database_id = $1 order by n.requests * n.most desc, n.fingerprint`,
    [databaseId],
  );
  return rows;
}

export async function readBaseline(db: Queryable, instanceId: string): Promise<unknown> {
  const { rows } = await db.query<{ counters: unknown }>(
    "select counters from insight_baselines where instance_id = $1",
    [instanceId],
  );
  return rows[0]?.counters;
}

export async function saveBaseline(db: Queryable, instanceId: string, counters: unknown): Promise<void> {
  await db.query(
    `insert into insight_baselines (instance_id, at, counters) select id, now(), $2 from instances where id = $1
     on conflict (instance_id) do update set at = now(), counters = excluded.counters`,
    [instanceId, JSON.stringify(counters)],
  );
}

/** Databases by their names inside Postgres, of those that are there. */
export async function databasesOfInstance(db: Queryable, instanceId: string): Promise<Map<string, string>> {
  const { rows } = await db.query<{ id: string; database_name: string }>(
    "select id, database_name from databases where instance_id = $1 and destroyed_at is null",
    [instanceId],
  );
  return new Map(rows.map(({ id, database_name: name }) => [name, id]));
}
