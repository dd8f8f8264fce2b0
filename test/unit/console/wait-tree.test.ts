import type { LiveSession } from "@postern/sdk/protocol";
import { describe, expect, it } from "vitest";
import { growWaitTree } from "../../../packages/console/src/insight/wait-tree.ts";

const session = (pid: number, blockedBy: number[] = []) => ({ pid, blocked_by: blockedBy }) as LiveSession;
const shape = (sessions: LiveSession[]) =>
  growWaitTree(sessions).map(
    ({ pid, depth, isCircle }) => `${"-".repeat(depth)}${pid}${isCircle ? "!" : ""}`,
  );

describe("who waits for whom", () => {
  it("is nothing when nobody waits", () => {
    expect(shape([session(1), session(2)])).toEqual([]);
  });

  it("has whoever holds on top, and a queue as a chain", () => {
    expect(shape([session(1), session(2, [1]), session(3, [1, 2]), session(4, [3])])).toEqual([
      "1",
      "-2",
      "--3",
      "---4",
    ]);
  });

  it("shows who waits for two that do not wait for each other below both", () => {
    expect(shape([session(1), session(2), session(3, [1, 2])])).toEqual(["1", "-3", "2", "-3"]);
  });

  it("ends where it goes round, and knows holders that it cannot see", () => {
    expect(shape([session(1, [2]), session(2, [1])])).toEqual(["2", "-1", "--2!"]);
    expect(shape([session(1, [99])])).toEqual(["99", "-1"]);
  });
});
