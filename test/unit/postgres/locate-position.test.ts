import { expect, it } from "vitest";
import { locateOffset, offsetOfPosition } from "../../../src/postgres/locate-position.ts";

it("counts lines and columns in characters", () => {
  const text = "a\r\n😀é x\n\nlast";
  expect(locateOffset(text, 0)).toEqual({ line: 1, column: 1, lineText: "a" });
  expect(locateOffset(text, text.indexOf("x"))).toEqual({ line: 2, column: 4, lineText: "😀é x" });
  expect(locateOffset(text, text.indexOf("last") - 1)).toEqual({ line: 3, column: 1, lineText: "" });
  expect(locateOffset(text, 999)).toEqual({ line: 4, column: 5, lineText: "last" });
  expect(locateOffset("\nx", 0)).toEqual({ line: 1, column: 1, lineText: "" });
  expect(locateOffset("", 0)).toEqual({ line: 1, column: 1, lineText: "" });
});

it("turns Postgres's position in a statement into an offset in the file", () => {
  const text = "-- 😀\nselect '😀', x";
  const start = text.indexOf("select");
  expect(offsetOfPosition(text, 1, start)).toBe(start);
  expect(text.slice(offsetOfPosition(text, 13, start))).toBe("x");
  expect(offsetOfPosition("ab", 99)).toBe(2);
});
