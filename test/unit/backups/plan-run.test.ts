/** When a schedule is due, whatever the clock does. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { overdueSince, planRun, retryDelayMs } from "../../../src/backups/plan-run.ts";
import { checkCron, latestRun, nextRun } from "../../../src/base/cron.ts";

const at = (text: string) => new Date(`${text}Z`);
const nightly = "0 2 * * *";
const plan = (reached: string, now: string, retry?: string) =>
  planRun(nightly, { reachedAt: at(reached), retryAt: retry === undefined ? null : at(retry) }, at(now));

describe("an expression", () => {
  test.each([
    ["0 2 * * *", "0 2 * * *"],
    [" */15  0-6 * * 1-5 ", "*/15 0-6 * * 1-5"],
    ["@daily", "@daily"],
  ])("%j is taken", (given, kept) => expect(checkCron(given)).toBe(kept));

  test.each([
    "",
    "x",
    "0 2 * *",
    "0 0 2 * * *",
    "60 * * * *",
    "0 0 31 2 *",
    "@reboot",
    "0 2 * * 8",
    "* * * * * ;",
  ])("%j is refused with Y6010", (given) =>
    expect(() => checkCron(given)).toThrow(expect.objectContaining({ code: "Y6010" })),
  );

  test("is in UTC", () => {
    expect(nextRun(nightly, at("2026-03-28T12:00:00"))).toEqual(at("2026-03-29T02:00:00"));
    expect(latestRun(nightly, at("2026-03-29T02:00:00"))).toEqual(at("2026-03-29T02:00:00"));
    expect(latestRun(nightly, at("2026-03-29T01:59:59.999"))).toEqual(at("2026-03-28T02:00:00"));
  });
});

describe("a nightly schedule", () => {
  test("is due at its minute, and not again that day", () => {
    expect(plan("2026-05-01T02:00:00", "2026-05-02T01:59:59")).toEqual({ do: "wait" });
    expect(plan("2026-05-01T02:00:00", "2026-05-02T02:00:00")).toEqual({
      do: "run",
      at: at("2026-05-02T02:00:00"),
    });
    expect(plan("2026-05-02T02:00:00", "2026-05-02T23:00:00")).toEqual({ do: "wait" });
  });

  test("catches up with one run, however many were missed", () => {
    expect(plan("2026-05-01T02:00:00", "2026-06-10T17:30:00")).toEqual({
      do: "run",
      at: at("2026-06-10T02:00:00"),
    });
  });

  test("is not due twice when the clock goes back over its minute", () => {
    expect(plan("2026-05-02T02:00:00", "2026-05-02T01:30:00")).toEqual({ do: "wait" });
  });

  test("counts anew when the clock comes back from a future in which it ran", () => {
    expect(plan("2027-05-02T02:00:00", "2026-05-02T12:00:00")).toEqual({ do: "reset" });
  });

  test("tries again after a failure when it is time, also when the clock was set back meanwhile", () => {
    expect(plan("2026-05-02T02:00:00", "2026-05-02T02:04:00", "2026-05-02T02:05:00")).toEqual({ do: "wait" });
    const again = { do: "run", at: at("2026-05-02T02:00:00") };
    expect(plan("2026-05-02T02:00:00", "2026-05-02T02:05:00", "2026-05-02T02:05:00")).toEqual(again);
    expect(plan("2026-05-02T02:00:00", "2026-05-02T02:05:00", "2027-05-02T02:05:00")).toEqual(again);
  });

  test("waits longer after each failure, and at most an hour", () => {
    expect([1, 2, 3, 4, 5, 50].map((count) => retryDelayMs(count) / 60_000)).toEqual([5, 10, 20, 40, 60, 60]);
  });
});

test("a clock that jumps at random makes neither a flood nor a gap", () => {
  const minuteMs = 60_000;
  const jumps = fc.array(
    fc.record({
      afterMinutes: fc.integer({ min: 1, max: 3000 }),
      byMinutes: fc.integer({ min: -600_000, max: 600_000 }),
    }),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(jumps, (list) => {
      let clock = Date.UTC(2026, 4, 1, 12);
      let reachedAt = new Date(clock);
      let sinceRun = 0;
      let runs = 0;
      let elapsed = 0;
      const look = () => {
        const next = planRun(nightly, { reachedAt, retryAt: null }, new Date(clock));
        if (next.do === "reset") reachedAt = new Date(clock);
        if (next.do !== "run") return;
        reachedAt = next.at;
        runs += 1;
        sinceRun = 0;
      };
      // Looked at every hour; each jump may cost a run and half a day, and no more.
      const pass = (minutes: number) => {
        for (let gone = 0; gone < minutes; gone += 60) {
          clock += 60 * minuteMs;
          elapsed += 60;
          sinceRun += 60;
          look();
          expect(sinceRun).toBeLessThanOrEqual(36 * 60 * (1 + list.length));
        }
      };
      for (const { afterMinutes, byMinutes } of list) {
        pass(afterMinutes);
        clock += byMinutes * minuteMs;
        look();
      }
      pass(2 * 24 * 60);
      expect(runs).toBeLessThanOrEqual(Math.ceil(elapsed / (24 * 60)) + 1 + list.length);
      expect(runs).toBeGreaterThanOrEqual(1);
    }),
    { numRuns: 40 },
  );
});

describe("a backup is overdue", () => {
  const times = { createdAt: at("2026-05-01T12:00:00"), scheduledSince: null, lastBackupAt: null };
  const since = (now: string, more = {}) => overdueSince(nightly, { ...times, ...more }, at(now));

  test("an hour after it should have come", () => {
    expect(since("2026-05-02T02:59:00")).toBeNull();
    expect(since("2026-05-02T03:01:00")).toEqual(at("2026-05-02T02:00:00"));
  });

  test("since the first that is missing", () => {
    expect(since("2026-05-09T12:00:00", { lastBackupAt: at("2026-05-03T02:00:09") })).toEqual(
      at("2026-05-04T02:00:00"),
    );
  });

  test("not after a backup by hand, not without a schedule, not before a new schedule's first run", () => {
    expect(since("2026-05-02T10:00:00", { lastBackupAt: at("2026-05-02T09:00:00") })).toBeNull();
    expect(overdueSince(null, times, at("2027-01-01T00:00:00"))).toBeNull();
    expect(since("2026-05-09T12:00:00", { scheduledSince: at("2026-05-09T11:00:00") })).toBeNull();
  });
});
