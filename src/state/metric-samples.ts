/** In charge of the rows of what databases were seen to do, and of putting them together in steps of equal length. */
import type { Queryable } from "./state.ts";

export interface MetricSample {
  database_id: string;
  at: string;
  /** Of a row that stands for a span: the last look at which nothing had changed. */
  until: string | null;
  sessions: number;
  active: number;
  waiting: number;
  idle_in_transaction: number;
  pool_clients: number | null;
  pool_waiting: number | null;
  pool_wait_ms: number | null;
  size_bytes: number | null;
  commits: number | null;
  rollbacks: number | null;
  blocks_hit: number | null;
  blocks_read: number | null;
  temp_bytes: number | null;
  wal_bytes: number | null;
}

export async function saveMetricSamples(db: Queryable, rows: readonly MetricSample[]): Promise<void> {
  await db.query(
    `insert into metric_samples (database_id, at, until, sessions, active, waiting, idle_in_transaction, pool_clients, pool_waiting, pool_wait_ms,
                                 size_bytes, commits, rollbacks, blocks_hit, blocks_read, temp_bytes, wal_bytes)
     select r.database_id, r.at, r.until, r.sessions, r.active, r.waiting, r.idle_in_transaction, r.pool_clients, r.pool_waiting, r.pool_wait_ms,
            r.size_bytes, r.commits, r.rollbacks, r.blocks_hit, r.blocks_read, r.temp_bytes, r.wal_bytes
       from jsonb_populate_recordset(null::metric_samples, $1::jsonb) r join databases d on d.id = r.database_id
     on conflict do nothing`,
    [JSON.stringify(rows)],
  );
}

export interface QuietSpan {
  databaseId: string;
  from: string;
}

/** The spans last until this look. */
export async function extendQuietSpans(
  db: Queryable,
  spans: readonly QuietSpan[],
  until: string,
): Promise<void> {
  await db.query(
    `update metric_samples m set until = $3 from unnest($1::text[], $2::timestamptz[]) as s (database_id, at)
      where m.database_id = s.database_id and m.at = s.at`,
    [spans.map(({ databaseId }) => databaseId), spans.map(({ from }) => from), until],
  );
}

/** No span is longer; whoever reads looks that far back for one that reaches into what is asked for. */
export const longestSpanMs = 86_400_000;

export async function trimMetricSamples(db: Queryable, days: number): Promise<void> {
  await db.query(
    `delete from metric_samples
      where at < now() - make_interval(days => $1) and coalesce(until, at) < now() - make_interval(days => $1)`,
    [days],
  );
}

export interface Span {
  from: Date;
  to: Date;
  stepSeconds: number;
}

export type SampleStep = Omit<MetricSample, "database_id" | "at" | "until"> & { at: Date };

/** Of what stands, the average or the most; of what is counted, the sum. */
export async function readSampleSteps(db: Queryable, databaseId: string, span: Span): Promise<SampleStep[]> {
  const { rows } = await db.query<SampleStep>(
    `select date_bin(make_interval(secs => $4), look, $2::timestamptz) as at, round(avg(sessions), 1)::float8 as sessions,
            round(avg(active), 1)::float8 as active, max(waiting)::float8 as waiting,
            max(idle_in_transaction)::float8 as idle_in_transaction, round(avg(pool_clients), 1)::float8 as pool_clients,
            max(pool_waiting)::float8 as pool_waiting, sum(pool_wait_ms) as pool_wait_ms, max(size_bytes)::float8 as size_bytes,
            sum(commits) as commits, sum(rollbacks) as rollbacks, sum(blocks_hit) as blocks_hit, sum(blocks_read) as blocks_read,
            sum(temp_bytes) as temp_bytes, sum(wal_bytes) as wal_bytes
       from metric_samples cross join generate_series(at, coalesce(until, at), interval '1 minute') look
      where database_id = $1 and at >= $2::timestamptz - make_interval(secs => $5) and at < $3 and look >= $2 and look < $3
      group by 1 order by 1`,
    [databaseId, span.from, span.to, span.stepSeconds, longestSpanMs / 1_000],
  );
  return rows;
}

export interface StatementStep {
  at: Date;
  source: "http" | "postgres";
  calls: number;
  total_ms: number;
  max_ms: number;
  wait_ms: number;
  rows: number;
  errors: number;
  slow: number;
}

export async function readStatementSteps(
  db: Queryable,
  databaseId: string,
  span: Span,
): Promise<StatementStep[]> {
  const { rows } = await db.query<StatementStep>(
    `select date_bin(make_interval(secs => $4), minute, $2::timestamptz) as at, source, sum(calls)::float8 as calls, sum(total_ms) as total_ms,
            max(max_ms) as max_ms, sum(wait_ms) as wait_ms, sum(rows)::float8 as rows, sum(errors)::float8 as errors, sum(slow)::float8 as slow
       from insight_minutes where database_id = $1 and minute >= $2 and minute < $3 group by 1, 2 order by 1, 2`,
    [databaseId, span.from, span.to, span.stepSeconds],
  );
  return rows;
}

export interface TrendStep {
  fingerprint: string;
  step: number;
  calls: number;
  total_ms: number;
}

/** Of the statements that took longest in all. */
export async function readTrendSteps(
  db: Queryable,
  databaseId: string,
  span: Span,
  most: number,
): Promise<TrendStep[]> {
  const { rows } = await db.query<TrendStep>(
    `with step as (
       select fingerprint, source, floor(extract(epoch from minute - $2::timestamptz) / $4)::int as step, sum(calls)::float8 as calls,
              sum(total_ms) as total_ms
         from insight_minutes where database_id = $1 and minute >= $2 and minute < $3 group by 1, 2, 3
     ), longest as (select fingerprint from step group by 1 order by sum(total_ms) desc, 1 limit $5)
     -- The server's count knows every way in; runs of the minute that goes on are in the other only.
     select distinct on (fingerprint, step) fingerprint, step, calls, total_ms from step join longest using (fingerprint)
      order by fingerprint, step, calls desc`,
    [databaseId, span.from, span.to, span.stepSeconds, most],
  );
  return rows;
}
