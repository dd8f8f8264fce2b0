import { describe, expect, it } from "vitest";
import { builtinTypes } from "../../../src/query/data-type.ts";
import { AnswerBudget, JsonWriter } from "../../../src/query/json-writer.ts";
import { resultShape, writeRow } from "../../../src/query/result-shape.ts";

const oids = { int4: 23, text: 25, bool: 16, float8: 701, uuid: 2950, date: 1082 };

const shapeOf = (types: readonly (keyof typeof oids)[], rowsAsArrays = false) =>
  resultShape(
    types.map((type, index) => ({
      name: "abcdefghi".slice(0, index + 1),
      typeOid: oids[type],
      tableOid: 0,
      columnNumber: 0,
      typeSize: 0,
      typeModifier: -1,
    })),
    types.map((type) => builtinTypes.get(oids[type])!),
    rowsAsArrays,
  );

/** With `margin` bytes before and behind it that are none of the row's. */
function dataRow(values: readonly (string | null)[], margin: number): Buffer {
  const parts: Buffer[] = [Buffer.alloc(margin, '"'), Buffer.from([values.length >> 8, values.length & 255])];
  for (const value of values) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
    parts.push(length, Buffer.from(value ?? ""));
  }
  return Buffer.concat([...parts, Buffer.alloc(margin, '"')]);
}

function encode(
  types: readonly (keyof typeof oids)[],
  values: readonly (string | null)[],
  margin = 0,
): string {
  const row = dataRow(values, margin);
  const out = new JsonWriter(new AnswerBudget(1e9));
  writeRow(out, shapeOf(types, true), row, margin, row.length - margin);
  return Buffer.concat(out.finish()).toString("utf8");
}

describe("a text of a small row", () => {
  const margins = [0, 1, 2, 3, 4, 7];

  it.each(margins)("is whole, whatever its length, %i bytes from the end of what was read", (margin) => {
    for (let length = 0; length < 40; length++) {
      const value = [..."abcdefghijklmnopqrstuvwxyzäöü€𝄞0123456789"].slice(0, length).join("");
      expect(JSON.parse(encode(["text", "text"], [value, "end"], margin))).toEqual([value, "end"]);
    }
  });

  it.each(margins)("has every byte escaped that JSON wants escaped, at every place, margin %i", (margin) => {
    for (let code = 0; code < 256; code++) {
      for (let at = 0; at < 9; at++) {
        const value = `${"x".repeat(at)}${String.fromCharCode(code)}${"y".repeat(8 - at)}`;
        // Node escapes the same bytes, so the texts agree and not only what they mean.
        expect(encode(["text"], [value], margin)).toBe(JSON.stringify([value]));
      }
    }
  });

  it("is no longer plain for the bytes beside one that has to be escaped", () => {
    for (const value of [
      '""""""""',
      "\\\\\\\\\\",
      '\u0001"\\\u001f"\\',
      "\u007f\u0080!#[]",
      " \u001f \u001f !",
    ]) {
      expect(JSON.parse(encode(["text", "bool"], [value, "t"]))).toEqual([value, true]);
    }
  });
});

describe("what else a small row holds", () => {
  it("is written one behind the other, however long each is", () => {
    for (let digits = 1; digits < 10; digits++) {
      const number = "123456789".slice(0, digits);
      expect(encode(["int4", "bool", "int4", "bool", "text"], [number, "t", number, "f", null])).toBe(
        `[${number},true,${number},false,null]`,
      );
    }
  });

  it("keeps NaN and the infinities as texts, and numbers as they are", () => {
    const values = ["NaN", "-Infinity", "Infinity", "-1.5e-300", "0"];
    expect(
      encode(
        values.map(() => "float8" as const),
        values,
      ),
    ).toBe('["NaN","-Infinity","Infinity",-1.5e-300,0]');
  });

  it("never touches what lies behind the row in the same chunk", () => {
    const shape = shapeOf(["text", "int4", "bool"]);
    const out = new JsonWriter(new AnswerBudget(1e9));
    const rows: string[] = [];
    for (let index = 0; index < 3_000; index++) {
      const row = dataRow([`n${"é".repeat(index % 5)}`, String(index), index % 2 ? "t" : null], index % 4);
      writeRow(out, shape, row, index % 4, row.length - (index % 4));
      out.byte(0x0a);
      rows.push(JSON.stringify({ a: `n${"é".repeat(index % 5)}`, ab: index, abc: index % 2 ? true : null }));
    }
    expect(Buffer.concat(out.finish()).toString("utf8").trimEnd().split("\n")).toEqual(rows);
  });

  it("may hold values of every form beside each other", () => {
    const uuid = "6f1c7b0e-3b0a-4c43-8a5c-0d5c8f6a9e11";
    expect(JSON.parse(encode(["uuid", "date", "int4", "text"], [uuid, "2026-11-21", "-7", '"']))).toEqual([
      uuid,
      "2026-11-21",
      -7,
      '"',
    ]);
  });
});
