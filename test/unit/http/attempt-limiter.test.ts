import { expect, test } from "vitest";
import { createAttemptLimiter } from "../../../src/http/attempt-limiter.ts";

function limiter(burst = 2, intervalMs = 10_000) {
  let nowMs = 0;
  const clock = { now: () => new Date(nowMs) };
  return {
    ...createAttemptLimiter({ burst, intervalMs }, clock),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("allows a burst, then says how long to wait", () => {
  const { take } = limiter();
  expect([take("a"), take("a"), take("a")]).toEqual([0, 0, 10]);
});

test("counts each key for itself", () => {
  const { take } = limiter(1);
  expect([take("a"), take("b"), take("a")]).toEqual([0, 0, 10]);
});

test("gives one attempt back per interval, and never more than the burst", () => {
  const { take, pass } = limiter();
  expect([take("a"), take("a")]).toEqual([0, 0]);
  pass(4_000);
  expect(take("a")).toBe(6);
  pass(6_000);
  expect([take("a"), take("a")]).toEqual([0, 10]);
  pass(3_600_000);
  expect([take("a"), take("a"), take("a")]).toEqual([0, 0, 10]);
});

test("an attempt given back can be used again", () => {
  const { take, giveBack } = limiter(1);
  expect(take("a")).toBe(0);
  giveBack("a");
  expect(take("a")).toBe(0);
  giveBack("never taken");
  expect([take("never taken"), take("never taken")]).toEqual([0, 10]);
});

test("forgets the key used longest ago once ten thousand others were used", () => {
  const { take } = limiter(1);
  take("first");
  for (let index = 0; index < 9_999; index += 1) take(`key ${index}`);
  expect(take("first")).toBe(10);
  for (let index = 0; index < 10_000; index += 1) take(`other ${index}`);
  expect(take("first")).toBe(0);
});
