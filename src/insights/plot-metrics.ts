/** In charge of what a database did in a span of time, as points in steps of equal length. */
import type { DatabaseMetrics, MetricPoint, StatementTrends } from "@postern/sdk/protocol";
import type { SampleStep, Span, StatementStep, TrendStep } from "../state/metric-samples.ts";

/** No more than can be told apart in a drawing. */
const mostPoints = 240;
const stepsSeconds = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];

/** Whole steps that reach over the span; what is measured comes once a minute. */
export function chooseSpan(from: Date, to: Date, most = mostPoints): Span {
  const seconds = Math.max(60, (to.getTime() - from.getTime()) / 1_000);
  const stepSeconds = stepsSeconds.find((step) => seconds / step <= most) ?? stepsSeconds.at(-1)!;
  const stepMs = stepSeconds * 1_000;
  const start = Math.floor(from.getTime() / stepMs) * stepMs;
  const end = Math.ceil(to.getTime() / stepMs) * stepMs;
  return { from: new Date(start), to: new Date(end), stepSeconds };
}

export function plotMetrics(
  span: Span,
  samples: readonly SampleStep[],
  statements: readonly StatementStep[],
  { sharedServer, now }: { sharedServer: boolean; now: Date },
): DatabaseMetrics {
  const stepMs = span.stepSeconds * 1_000;
  const end = Math.min(span.to.getTime(), now.getTime());
  const sampleAt = new Map(samples.map((sample) => [sample.at.getTime(), sample]));
  const statementsAt = groupByTime(statements);
  const points: MetricPoint[] = [];
  for (let at = span.from.getTime(); at < end; at += stepMs)
    points.push(pointOf(new Date(at), sampleAt.get(at), statementsAt.get(at) ?? []));
  return {
    from: span.from.toISOString(),
    to: span.to.toISOString(),
    step_seconds: span.stepSeconds,
    shared_server: sharedServer,
    points,
  };
}

function groupByTime(statements: readonly StatementStep[]): Map<number, StatementStep[]> {
  const groups = new Map<number, StatementStep[]>();
  for (const step of statements) {
    const group = groups.get(step.at.getTime());
    if (group) group.push(step);
    else groups.set(step.at.getTime(), [step]);
  }
  return groups;
}

function pointOf(at: Date, sample: SampleStep | undefined, steps: readonly StatementStep[]): MetricPoint {
  const http = steps.find(({ source }) => source === "http");
  // The server's count knows every way in; runs of the minute that goes on are in the other only.
  const most = steps.toSorted((a, b) => b.calls - a.calls)[0];
  // Where somebody measured, and nothing ran, that is a zero and no gap.
  const zero = sample || most ? 0 : null;
  const blocks = (sample?.blocks_hit ?? 0) + (sample?.blocks_read ?? 0);
  return {
    at: at.toISOString(),
    calls: most?.calls ?? zero,
    errors: http?.errors ?? zero,
    slow: http?.slow ?? most?.slow ?? zero,
    mean_ms: most && most.calls > 0 ? rounded(most.total_ms / most.calls) : null,
    max_ms: most ? rounded(Math.max(...steps.map(({ max_ms: ms }) => ms))) : null,
    rows: most?.rows ?? zero,
    http_wait_ms: http && http.calls > 0 ? rounded(http.wait_ms / http.calls) : null,
    sessions: sample?.sessions ?? null,
    active: sample?.active ?? null,
    waiting: sample?.waiting ?? null,
    idle_in_transaction: sample?.idle_in_transaction ?? null,
    pool_clients: sample?.pool_clients ?? null,
    pool_waiting: sample?.pool_waiting ?? null,
    pool_wait_ms: sample?.pool_wait_ms == null ? null : rounded(sample.pool_wait_ms),
    size_bytes: sample?.size_bytes ?? null,
    commits: sample?.commits ?? null,
    rollbacks: sample?.rollbacks ?? null,
    cache_hit: sample?.blocks_hit == null || blocks === 0 ? null : sample.blocks_hit / blocks,
    temp_bytes: sample?.temp_bytes ?? null,
    wal_bytes: sample?.wal_bytes ?? null,
  };
}

export function plotTrends(span: Span, steps: readonly TrendStep[]): StatementTrends {
  const length = Math.round((span.to.getTime() - span.from.getTime()) / 1_000 / span.stepSeconds);
  const trends = new Map<string, StatementTrends["trends"][number]>();
  for (const { fingerprint, step, calls, total_ms: total } of steps) {
    if (step < 0 || step >= length) continue;
    let trend = trends.get(fingerprint);
    if (!trend) {
      trend = { fingerprint, calls: Array(length).fill(0), mean_ms: Array(length).fill(null) };
      trends.set(fingerprint, trend);
    }
    trend.calls[step] = calls;
    trend.mean_ms[step] = calls > 0 ? rounded(total / calls) : null;
  }
  return { from: span.from.toISOString(), step_seconds: span.stepSeconds, trends: [...trends.values()] };
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;
