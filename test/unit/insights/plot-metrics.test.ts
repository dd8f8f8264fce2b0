import { describe, expect, it } from "vitest";
import { chooseSpan, plotMetrics, plotTrends } from "../../../src/insights/plot-metrics.ts";
import { addedTo } from "../../../src/insights/sample-databases.ts";
import type { SampleStep, StatementStep } from "../../../src/state/metric-samples.ts";

const at = (text: string) => new Date(`2026-11-21T${text}:00Z`);
const sample = (moment: Date): SampleStep => ({
  at: moment,
  sessions: 3,
  active: 1,
  waiting: 0,
  idle_in_transaction: 0,
  pool_clients: 2,
  pool_waiting: 0,
  pool_wait_ms: null,
  size_bytes: 8_000_000,
  commits: 60,
  rollbacks: 0,
  blocks_hit: 99,
  blocks_read: 1,
  temp_bytes: 0,
  wal_bytes: 512,
});
const step = (moment: Date, source: "http" | "postgres", calls: number, total: number): StatementStep => ({
  at: moment,
  source,
  calls,
  total_ms: total,
  max_ms: total,
  wait_ms: 2 * calls,
  rows: calls,
  errors: 1,
  slow: 0,
});

describe("a span of time", () => {
  it("is cut into whole steps, no more than can be told apart", () => {
    expect(chooseSpan(at("10:00"), at("11:00"))).toEqual({
      from: at("10:00"),
      to: at("11:00"),
      stepSeconds: 60,
    });
    expect(chooseSpan(at("10:01"), at("18:02")).stepSeconds).toBe(300);
    const { from, to, stepSeconds } = chooseSpan(at("10:07"), at("18:02"), 10);
    expect(stepSeconds).toBe(3600);
    expect([from, to]).toEqual([at("10:00"), at("19:00")]);
  });
});

describe("points of time", () => {
  const span = { from: at("10:00"), to: at("10:04"), stepSeconds: 60 };
  const { points } = plotMetrics(
    span,
    [sample(at("10:01")), sample(at("10:02"))],
    [step(at("10:02"), "http", 4, 8), step(at("10:02"), "postgres", 10, 20)],
    { sharedServer: false, now: at("10:03") },
  );

  it("have gaps where nobody measured, and zeros where nothing ran", () => {
    expect(points.map(({ calls }) => calls)).toEqual([null, 0, 10]);
    expect(points.map(({ sessions }) => sessions)).toEqual([null, 3, 3]);
    expect(points[1]!.mean_ms).toBeNull();
  });

  it("count every way in, and know of HTTP who waited", () => {
    expect(points[2]).toMatchObject({ mean_ms: 2, errors: 1, http_wait_ms: 2, cache_hit: 0.99 });
  });
});

it("trends have a step for each, and leave out what lies outside", () => {
  const span = { from: at("10:00"), to: at("10:03"), stepSeconds: 60 };
  const { trends } = plotTrends(span, [
    { fingerprint: "a", step: 1, calls: 2, total_ms: 5 },
    { fingerprint: "a", step: 7, calls: 9, total_ms: 9 },
  ]);
  expect(trends).toEqual([{ fingerprint: "a", calls: [0, 2, 0], mean_ms: [null, 2.5, null] }]);
});

it("a count that went down began anew, and one that nobody knew adds nothing", () => {
  expect([addedTo(10, 14), addedTo(10, 3), addedTo(undefined, 3)]).toEqual([4, 3, null]);
});
