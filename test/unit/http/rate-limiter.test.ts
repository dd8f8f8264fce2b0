import { describe, expect, test } from "vitest";
import { createRateLimiter, networkOf } from "../../../src/http/rate-limiter.ts";

function limiter(burst = 2, perSecond = 0.1, keptKeys?: number) {
  let nowMs = 1_000_000;
  const clock = { now: () => new Date(nowMs) };
  const { take, giveBack } = createRateLimiter({ burst, perSecond }, clock, keptKeys);
  return {
    /** Seconds to wait, 0 when allowed. */
    wait(key: string) {
      const { allowed, retryAfterSeconds } = take(key);
      expect(allowed).toBe(retryAfterSeconds === 0);
      return retryAfterSeconds;
    },
    giveBack,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe("a rate limiter", () => {
  test("allows a burst, then says how long to wait", () => {
    const { wait } = limiter();
    expect([wait("a"), wait("a"), wait("a")]).toEqual([0, 0, 10]);
  });

  test("counts each key for itself", () => {
    const { wait } = limiter(1);
    expect([wait("a"), wait("b"), wait("a")]).toEqual([0, 0, 10]);
  });

  test("refills steadily, and never beyond the burst", () => {
    const { wait, pass } = limiter();
    expect([wait("a"), wait("a")]).toEqual([0, 0]);
    pass(4_000);
    expect(wait("a")).toBe(6);
    pass(6_000);
    expect([wait("a"), wait("a")]).toEqual([0, 10]);
    pass(3_600_000);
    expect([wait("a"), wait("a"), wait("a")]).toEqual([0, 0, 10]);
  });

  test("lets a caller who keeps to the rate through for ever", () => {
    const { wait, pass } = limiter(200, 100);
    const waits = new Set<number>();
    for (let index = 0; index < 2_000; index += 1) {
      waits.add(wait("steady"));
      pass(10);
    }
    expect([...waits]).toEqual([0]);
  });

  test("never asks for less than a second's patience", () => {
    const { wait } = limiter(1, 100);
    expect([wait("a"), wait("a")]).toEqual([0, 1]);
  });

  test("takes nothing away when the clock is set back", () => {
    const { wait, pass } = limiter();
    expect(wait("a")).toBe(0);
    pass(-3_600_000);
    expect([wait("a"), wait("a")]).toEqual([0, 10]);
  });

  test("a token given back can be used again", () => {
    const { wait, giveBack } = limiter(1);
    expect(wait("a")).toBe(0);
    giveBack("a");
    expect(wait("a")).toBe(0);
    giveBack("never taken");
    expect([wait("never taken"), wait("never taken")]).toEqual([0, 10]);
  });

  test("forgets the key used longest ago when it holds too many", () => {
    const { wait } = limiter(1, 0.1, 100);
    wait("first");
    for (let index = 0; index < 99; index += 1) wait(`key ${index}`);
    expect(wait("first")).toBe(10);
    for (let index = 0; index < 100; index += 1) wait(`other ${index}`);
    expect(wait("first")).toBe(0);
  });
});

describe("the network of a caller", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ])("of address %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
