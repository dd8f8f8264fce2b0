import { describe, expect, it } from "vitest";
import { cellsOf, elementsOf, membersOf } from "../../../packages/console/src/data/raw-json.ts";

describe("raw JSON", () => {
  it("is taken apart with every value as it is written", () => {
    const members = membersOf('{ "rows" : [[1, 2.50], []], "k\\"}": "x]\\\\", "last":null }');
    expect([...members]).toEqual([
      ["rows", "[[1, 2.50], []]"],
      ['k"}', String.raw`"x]\\"`],
      ["last", "null"],
    ]);
    expect(elementsOf(members.get("rows")!)).toEqual(["[1, 2.50]", "[]"]);
  });

  it("becomes cells without a digit lost: texts without quotes, NULL, documents as they are", () => {
    expect(
      cellsOf('["a\\nb",null,9007199254740993,{"n": 12345678901234567890.10},[1.50],true,"","null"]'),
    ).toEqual([
      "a\nb",
      null,
      "9007199254740993",
      '{"n": 12345678901234567890.10}',
      "[1.50]",
      "true",
      "",
      "null",
    ]);
  });

  it("is taken apart where a text has many megabytes", () => {
    const text = String.raw`x"\ ]`.repeat(2_000_000);
    expect(cellsOf(JSON.stringify([text, 1]))[0] === text).toBe(true);
  });

  it("is refused when it is neither a list nor an object", () => {
    expect(() => elementsOf("7")).toThrow(SyntaxError);
  });
});
