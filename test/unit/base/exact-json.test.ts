import { describe, expect, it } from "vitest";
import { parseExactJson } from "../../../src/base/exact-json.ts";

describe("parseExactJson", () => {
  it("keeps numbers that JavaScript writes as they stand", () => {
    expect(parseExactJson("[0, -1, 1.5, 9007199254740991, true, null]")).toEqual([
      0,
      -1,
      1.5,
      9007199254740991,
      true,
      null,
    ]);
  });

  it("makes texts of numbers whose digits would get lost, however deep they are", () => {
    expect(
      parseExactJson(
        '{"a": 9007199254740993, "b": [1.50, {"c": -12345678901234567890.12345678901234567890}], "d": 1e400}',
      ),
    ).toEqual({
      a: "9007199254740993",
      b: ["1.50", { c: "-12345678901234567890.12345678901234567890" }],
      d: "1e400",
    });
  });

  it("leaves texts alone, whatever is in them", () => {
    const value = { 'k "9007199254740993': String.raw`\" 9007199254740993 \\`, "": "\\", u: "\u202e1.50" };
    expect(parseExactJson(JSON.stringify(value))).toEqual(value);
  });

  it("reads texts of many megabytes", () => {
    const text = String.raw`x"\ 1.50`.repeat(1_000_000);
    expect(parseExactJson<{ text: string }>(JSON.stringify({ text })).text === text).toBe(true);
  });

  it("refuses what is no JSON", () => {
    expect(() => parseExactJson("[1.50")).toThrow(SyntaxError);
  });
});
