import { describe, expect, it } from "vitest";
import { areaPath, linePath, ticksUpTo, timeTicks } from "../../../packages/console/src/charts/scale.ts";

describe("what is written beside a chart", () => {
  it("is round, and reaches over all values", () => {
    expect(ticksUpTo(8)).toEqual([0, 2, 4, 6, 8]);
    expect(ticksUpTo(0.7)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8]);
    expect(ticksUpTo(0)).toEqual([0, 1]);
    for (const max of [1, 3, 9.9, 10, 11, 999, 1001, 12_345])
      expect(ticksUpTo(max).at(-1)).toBeGreaterThanOrEqual(max);
  });

  it("is round in powers of 1024 for sizes", () => {
    expect(ticksUpTo(30 * 1024, { bytes: true })).toEqual([0, 8192, 16_384, 24_576, 32_768]);
  });

  it("is on round moments, and not on too many", () => {
    const ticks = timeTicks(Date.parse("2026-11-21T10:03:00Z"), Date.parse("2026-11-21T11:03:00Z"), 5);
    expect(ticks.map((at) => new Date(at).toISOString().slice(14, 16))).toEqual(["15", "30", "45", "00"]);
  });
});

describe("a line", () => {
  const same = (value: number) => value;
  it("breaks where nobody measured", () => {
    expect(linePath([1, 2, null, 3, 4], same, same)).toBe("M0.0 1.0L1.0 2.0M3.0 3.0L4.0 4.0");
    expect(areaPath([1, null, 2], same, same)).toBe("M0.0 0.0L0.0 1.0L0.0 0.0ZM2.0 0.0L2.0 2.0L2.0 0.0Z");
  });
  it("is seen even if it is a point", () => {
    expect(linePath([null, 5, null], same, same)).toBe("M1.0 5.0h0.01");
  });
});
