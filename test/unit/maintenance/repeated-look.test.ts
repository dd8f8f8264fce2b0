/** Looks do not overlap, a failed one is told and followed by others, and a stop waits for the one under way. */
import { afterEach, expect, test } from "vitest";
import { RepeatedLook } from "../../../src/maintenance/repeated-look.ts";
import { waitUntil } from "../../support/wait-until.ts";

let looks: RepeatedLook | undefined;
afterEach(() => looks?.stop());

test("the next look waits until the last has ended", async () => {
  const held: (() => void)[] = [];
  looks = new RepeatedLook({
    everyMs: 1,
    look: () => new Promise((resolve) => held.push(resolve)),
    complain: () => {},
  });
  looks.start();
  looks.start();
  await waitUntil("the first look", async () => held.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(held).toHaveLength(1);
  held[0]!();
  await waitUntil("the second look", async () => held.length === 2);
  held[1]!();
});

test("a failure is told, and looking goes on", async () => {
  const told: unknown[] = [];
  looks = new RepeatedLook({
    everyMs: 1,
    look: () => Promise.reject(new Error("not now")),
    complain: (error) => told.push(error),
  });
  looks.start();
  await waitUntil("two failures", async () => told.length >= 2);
  expect(told[0]).toEqual(new Error("not now"));
});

test("a stop waits for the look under way, and none follows it", async () => {
  let begun = 0;
  let ended = 0;
  looks = new RepeatedLook({
    everyMs: 1,
    async look() {
      begun += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      ended += 1;
    },
    complain: () => {},
  });
  await looks.stop();
  looks.start();
  await waitUntil("a look", async () => begun === 1);
  await looks.stop();
  expect(ended).toBe(1);
  await looks.stop();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(begun).toBe(1);
});
