import { describe, expect, it } from "vitest";
import { readInputs } from "../../../bench/simulate/fleet-inputs.ts";
import {
  backupSeconds,
  backupsSideBySide,
  erlangC,
  simulateFleet,
  wakeStorm,
} from "../../../bench/simulate/simulate-fleet.ts";

/** By hand: 1,000 databases, 100 of them active, 2 gateways of 1 core. */
const small = readInputs([
  ...["--databases", "1000", "--active", "0.1", "--requests", "10", "--request-us", "100"],
  ...["--gateways", "2", "--gateway-cores", "1", "--spread", "2", "--ask-us", "2000"],
  ...["--controls", "1", "--control-cores", "2", "--megabytes", "100", "--backup-rate", "100"],
  ...["--backup-fixed", "1", "--verified", "0", "--backups", "2", "--window", "1", "--compression", "0.5"],
  ...["--kept", "10", "--instances", "10", "--sessions", "3", "--sample-bytes", "100", "--sample-days", "10"],
]);
const lineOf = (what: string, inputs = small) =>
  simulateFleet(inputs).lines.find((line) => `${line.area}: ${line.what}`.startsWith(what))!;

describe("the arithmetic of a fleet", () => {
  it.each([
    // 100 x 10; 2 cores x 0.7 x 1 s / 100 us
    ["gateways: requests", 1_000, 14_000],
    // 100 x 2 gateways; 2 cores x 0.7 x 1 s / 2 ms
    ["control plane: questions", 200, 700],
    // 100 x 1440 minutes x 10 days x 100 bytes
    ["own tables: figures", 0.144, 500],
    // 1000 x (1 s + 100 MB / 100 MB/s) / 3600 / 2
    ["backups: hours", 0.2778, 1],
    // 1000 x 50 MB / 3600 s
    ["backups: to the store", 13.89, 1_000],
    // 1000 x 10 x 50 MB
    ["backups: kept", 0.5, 500],
    // 100 / 10 x 2 x 3
    ["instances: sessions", 60, 400],
  ])("%s is %d of %d", (what, need, limit) => {
    const line = lineOf(what);
    expect(line.need).toBeCloseTo(need, 3 - Math.ceil(Math.log10(need)));
    expect(line.limit).toBeCloseTo(limit, 3);
  });

  it("names the limit that is reached first, and where", () => {
    // Questions: 200 of 700 is 0.2857; backups 0.2778; memory and sessions less.
    const { first } = simulateFleet(small);
    expect(first).toMatchObject({ databases: 3_500, line: { what: "questions of gateways a second" } });
    const hours = readInputs(["--databases", "1000", "--ask-us", "1", "--backups", "1", "--window", "0.1"]);
    expect(simulateFleet(hours).first!.line.area).toBe("backups");
  });

  it("takes as long for a backup as was measured", () => {
    const of = (name: string) => readInputs(["--megabytes", "510"])[name]!;
    expect(backupSeconds(of)).toBeCloseTo(2.78, 2);
  });

  it.each([
    ["as many as the setting says", 5, 3, 6, 4, 5],
    ["no more than control planes do operations", 50, 2, 6, 16, 12],
    ["no more than they have cores", 50, 2, 6, 4, 8],
  ])("makes %s backups at a time", (_, backups, controls, operations, cores, expected) => {
    const words = { backups, controls, operations, "control-cores": cores };
    const inputs = readInputs(Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]));
    expect(backupsSideBySide((name) => inputs[name]!)).toBe(expected);
  });

  it("refuses an input that there is not, or that is no number", () => {
    expect(() => readInputs(["--nothing", "1"])).toThrow("There is no input --nothing");
    for (const value of ["x", "-1", undefined])
      expect(() => readInputs(["--databases", ...(value === undefined ? [] : [value])])).toThrow("no number");
  });
});

describe("a wake storm", () => {
  it("waits as a queue with several servers does while they keep up", () => {
    // One server, half busy: half of those who come wait. Two servers, one busy: a third (textbook values).
    expect(erlangC(1, 0.5)).toBeCloseTo(0.5, 10);
    expect(erlangC(2, 1)).toBeCloseTo(1 / 3, 10);
    // 5 a second, 10 a second can be done: ln(0.5 / 0.01) / 5 = 0.782 s, and the wake.
    expect(wakeStorm({ wakes: 300, seconds: 60, wakeSeconds: 0.1, cores: 1 }).p99).toBeCloseTo(0.882, 3);
  });

  it("works off what is too much, one after the other", () => {
    // 20 a second for 60 s where 10 can be done: 600 are left, 60 s of work.
    const storm = wakeStorm({ wakes: 1_200, seconds: 60, wakeSeconds: 0.1, cores: 1 });
    expect(storm).toMatchObject({ arrivals: 20, capacity: 10 });
    expect(storm.p99).toBeCloseTo(0.99 * 60 + 0.1, 6);
    expect(wakeStorm({ wakes: 0, seconds: 60, wakeSeconds: 0.1, cores: 1 }).p99).toBe(0);
  });
});
