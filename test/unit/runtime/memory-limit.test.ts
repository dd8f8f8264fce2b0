import { describe, expect, test } from "vitest";
import { memoryLimitBytes } from "../../../src/runtime/memory-limit.ts";

const gibibyte = 1024 ** 3;

describe("the memory of one process of a server", () => {
  test.each([
    ["is a quarter of the machine's", 8, 0, 2],
    ["is a quarter of the container's where that has less", 64, 6, 1.5],
    ["is not what a container without a limit says", 8, 2 ** 40, 2],
    ["is three gigabytes at most", 256, 0, 3],
    ["is enough for one large value at least", 1, 0, 1],
  ])("%s", (_what, machine, container, limit) => {
    expect(memoryLimitBytes(machine * gibibyte, container * gibibyte)).toBe(limit * gibibyte);
  });
});
