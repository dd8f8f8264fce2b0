import { describe, expect, it } from "vitest";
import { type JsonNode, parseJson } from "../../../packages/console/src/data/parse-json.ts";

const shape = ({ kind, key, text, parts }: JsonNode): unknown =>
  kind === "object" || kind === "array"
    ? { [`${key ?? ""}:${kind}`]: parts.map(shape) }
    : `${key ?? ""}:${kind}:${text}`;

describe("JSON as a tree", () => {
  it("keeps every digit of numbers, and the order of members, twice the same name included", () => {
    const tree = parseJson('{"b": 12345678901234567890.10, "a": [1e2, {}, []], "b": null}');
    expect(shape(tree!)).toEqual({
      ":object": [
        "b:number:12345678901234567890.10",
        { "a:array": [":number:1e2", { ":object": [] }, { ":array": [] }] },
        "b:word:null",
      ],
    });
  });

  it("reads texts that look like JSON as texts", () => {
    const tree = parseJson(String.raw`{"a": "{\"b\": [1,2]}", "c\n": "\u202e:"}`);
    expect(tree!.parts.map(({ key, text }) => [key, text])).toEqual([
      ["a", '{"b": [1,2]}'],
      ["c\n", "\u202e:"],
    ]);
  });

  it("reads texts of many megabytes", () => {
    const text = String.raw`x"\ ]`.repeat(2_000_000);
    expect(parseJson(JSON.stringify({ text }))!.parts[0]!.text === text).toBe(true);
  });

  it("is none where it is not whole, or too deep for anybody", () => {
    for (const json of ["", "{", "[1]]", "1 2", `${"[".repeat(600)}${"]".repeat(600)}`])
      expect(parseJson(json), json.slice(0, 20)).toBeUndefined();
    expect(parseJson("7")).toMatchObject({ kind: "number", text: "7" });
  });
});
