import { describe, expect, it } from "vitest";
import { builtinTypes } from "../../../src/query/data-type.ts";
import { AnswerBudget, JsonWriter } from "../../../src/query/json-writer.ts";
import { resultShape, writeRow } from "../../../src/query/result-shape.ts";

const column = (name: string, typeOid: number) => ({
  name,
  typeOid,
  tableOid: 0,
  columnNumber: 0,
  typeSize: 0,
  typeModifier: -1,
});

function dataRow(values: (string | null)[]): Buffer {
  const parts: Buffer[] = [Buffer.from([values.length >> 8, values.length & 255])];
  for (const value of values) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
    parts.push(length, Buffer.from(value ?? ""));
  }
  return Buffer.concat(parts);
}

function encode(names: string[], values: (string | null)[], rowsAsArrays = false): string {
  const columns = names.map((name) => column(name, 25));
  const shape = resultShape(
    columns,
    columns.map(({ typeOid }) => builtinTypes.get(typeOid)!),
    rowsAsArrays,
  );
  const out = new JsonWriter(new AnswerBudget(1e9));
  const row = dataRow(values);
  writeRow(out, shape, row, 0, row.length);
  return Buffer.concat(out.finish()).toString("utf8");
}

describe("a row as JSON", () => {
  it("is an object in the order of the columns", () => {
    expect(encode(["b", "a", "n"], ["1", "2", null])).toBe('{"b":"1","a":"2","n":null}');
  });

  it("keeps the last of two columns with one name, once", () => {
    expect(encode(["a", "b", "a"], ["1", "2", "3"])).toBe('{"b":"2","a":"3"}');
    expect(encode(["a", "a"], ["1", null])).toBe('{"a":null}');
  });

  it("keeps both where rows are arrays", () => {
    expect(encode(["a", "a"], ["1", "2"], true)).toBe('["1","2"]');
  });

  it("may have names that need escaping, and no columns at all", () => {
    const name = 'a"\\\n__proto__é';
    expect(JSON.parse(encode([name], ["1"]))).toEqual({ [name]: "1" });
    expect(encode([], [])).toBe("{}");
    expect(encode([], [], true)).toBe("[]");
  });
});
