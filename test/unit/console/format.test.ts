/** How figures and times read in the console. */
import { expect, it } from "vitest";
import { duration, figure } from "../../../packages/console/src/app/format.ts";

it.each([
  [0, "0"],
  [0.5, "0.5"],
  [0.456, "0.46"],
  [2.001, "2"],
  [9.999, "10"],
  [12.03, "12"],
  [12.34, "12.3"],
  [99.97, "100"],
  [1234.5, "1 235"],
])("%d is written as %s", (value, text) => expect(figure(value)).toBe(text));

it.each([
  [999, "999 ms"],
  [9_960, "10 s"],
  [59_600, "1 min 0 s"],
  [119_700, "2 min 0 s"],
  [61_200, "1 min 1 s"],
])("%d ms is written as %s", (ms, text) => expect(duration(ms)).toBe(text));
