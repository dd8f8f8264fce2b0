import { beforeEach, describe, expect, it } from "vitest";
import { CompanyWait } from "../../../src/query/shared/await-company.ts";

let wait: CompanyWait;
beforeEach(() => {
  wait = new CompanyWait();
});

describe("who waits for those who have just landed", () => {
  it("waits until all are there", () => {
    wait.onLanded(4, 2, 100);
    expect(wait.goesOn(3, 100.2)).toBe(true);
    expect(wait.goesOn(4, 100.3)).toBe(false);
    expect(wait.goesOn(1, 100.4)).toBe(false);
  });

  it("waits a millisecond at the most", () => {
    wait.onLanded(4, 2, 100);
    expect(wait.goesOn(3, 100.9)).toBe(true);
    expect(wait.goesOn(3, 101)).toBe(false);
  });

  it.each([
    ["nobody has landed", () => {}],
    ["one alone has landed", () => wait.onLanded(1, 2, 100)],
    ["a commit takes next to nothing", () => wait.onLanded(4, 0.3, 100)],
  ])("does not wait where %s", (_where, prepare) => {
    prepare();
    expect(wait.goesOn(1, 100.1)).toBe(false);
  });

  it("waits less and less often where they do not come back, and again once half of them do", () => {
    const waits = (now: number, came: number) => {
      wait.onLanded(10, 2, now);
      const goesOn = wait.goesOn(1, now);
      wait.goesOn(came, now + 1);
      return goesOn;
    };
    expect(waits(100, 1)).toBe(true);
    expect(waits(120, 1)).toBe(false);
    expect(waits(160, 1)).toBe(true);
    expect(waits(220, 1)).toBe(false);
    expect(waits(270, 6)).toBe(true);
    expect(waits(280, 1)).toBe(true);
  });
});
