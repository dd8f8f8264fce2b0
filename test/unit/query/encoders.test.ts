import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { builtinTypes, type DataType } from "../../../src/query/data-type.ts";
import { encodeParam } from "../../../src/query/encode-params.ts";
import { AnswerBudget, JsonWriter } from "../../../src/query/json-writer.ts";

const typeNamed = (name: string): DataType => {
  const type = [...builtinTypes.values()].find((one) => one.name === name);
  if (!type) throw new Error(`no type ${name}`);
  return type;
};

/** JSON text of a value whose text in Postgres is `text`. */
function encode(type: string, text: string): string {
  const out = new JsonWriter(new AnswerBudget(Number.POSITIVE_INFINITY));
  const bytes = Buffer.from(`before${text}after`);
  typeNamed(type).writeValue(out, bytes, 6, bytes.length - 5);
  return Buffer.concat(out.finish()).toString("utf8");
}

const characters = fc.string({ unit: "binary" }).filter((text) => !/[\ud800-\udfff]/u.test(text));

describe("values as JSON", () => {
  it("any text reads back the same", () => {
    fc.assert(
      fc.property(characters, (text) => JSON.parse(encode("text", text)) === text),
      { numRuns: 2000 },
    );
  });

  it("texts longer than a chunk read back the same", () => {
    const text = `"\\\u0001é😀x`.repeat(60_000);
    expect(JSON.parse(encode("text", text))).toBe(text);
  });

  it("every control character is escaped", () => {
    const all = String.fromCharCode(...Array.from({ length: 128 }, (_, code) => code));
    expect(JSON.parse(encode("text", all))).toBe(all);
    expect(encode("text", "\u0001\u001f\u007f")).toBe('"\\u0001\\u001f\u007f"');
  });

  it.each([
    ["bool", "t", "true"],
    ["bool", "f", "false"],
    ["int2", "-32768", "-32768"],
    ["int4", "2147483647", "2147483647"],
    ["int8", "9223372036854775807", '"9223372036854775807"'],
    ["numeric", "1.10", '"1.10"'],
    ["numeric", "NaN", '"NaN"'],
    ["float8", "1e+300", "1e+300"],
    ["float8", "-0", "-0"],
    ["float4", "0.1", "0.1"],
    ["float8", "NaN", '"NaN"'],
    ["float8", "Infinity", '"Infinity"'],
    ["float8", "-Infinity", '"-Infinity"'],
    ["jsonb", '{"a": [1, "x"]}', '{"a": [1, "x"]}'],
    ["json", "[1,\n 2]", "[1,  2]"],
    ["timestamptz", "2026-01-01 00:00:00+00", '"2026-01-01 00:00:00+00"'],
    ["bytea", "\\x00ff", '"\\\\x00ff"'],
    ["_int4", "{}", "[]"],
    ["_int4", "{1,NULL,-3}", "[1,null,-3]"],
    ["_int4", "[0:1]={1,2}", "[1,2]"],
    ["_int4", "[1:1][-2:-1]={{1,2}}", "[[1,2]]"],
    ["_int8", "{1,2}", '["1","2"]'],
    ["_bool", "{t,f,NULL}", "[true,false,null]"],
    ["_float8", "{1.5,NaN,-Infinity}", '[1.5,"NaN","-Infinity"]'],
    ["_text", '{a,"NULL",NULL,null,""}', '["a","NULL",null,"null",""]'],
    ["_text", '{{a,b},{"c,}","d\\"\\\\"}}', '[["a","b"],["c,}","d\\"\\\\"]]'],
    ["_jsonb", '{"{\\"a\\": 1}",1,"null",NULL}', '[{"a": 1},1,null,null]'],
    ["_box", "{(1,1),(0,0);(2,2),(1,1)}", '["(1,1),(0,0)","(2,2),(1,1)"]'],
    ["int2vector", "1 2", '"1 2"'],
  ])("%s %j is %s", (type, text, json) => {
    expect(encode(type, text)).toBe(json);
  });
});

describe("parameters as text", () => {
  it.each([
    [null, null],
    [true, "true"],
    [false, "false"],
    [0.1, "0.1"],
    [1e21, "1e+21"],
    ["as it is", "as it is"],
    ["", ""],
    [{ a: [1, null] }, '{"a":[1,null]}'],
    [[1, "x", null], '[1,"x",null]'],
  ])("%j without a known type is %j", (param, text) => {
    expect(encodeParam(param)).toBe(text);
  });

  it("an array is a literal for array types, and JSON for json, jsonb and the rest", () => {
    expect(encodeParam([1, null, [2]], typeNamed("_int4"))).toBe('{"1",NULL,{"2"}}');
    expect(encodeParam([true, 'a"b\\'], typeNamed("_text"))).toBe('{"true","a\\"b\\\\"}');
    expect(encodeParam([1, null], typeNamed("jsonb"))).toBe("[1,null]");
    expect(encodeParam([1, 2], typeNamed("text"))).toBe("[1,2]");
    expect(encodeParam(["(1,1),(0,0)", "(2,2),(1,1)"], typeNamed("_box"))).toBe(
      '{"(1,1),(0,0)";"(2,2),(1,1)"}',
    );
  });

  it("an array of JSON takes whole values as elements", () => {
    expect(encodeParam([{ a: 1 }, [1, 2], null, "3"], typeNamed("_jsonb"))).toBe(
      '{"{\\"a\\":1}","[1,2]",NULL,"3"}',
    );
  });

  it("nested arrays of texts read back the same", () => {
    const element = fc.oneof(characters, fc.constant(null));
    fc.assert(
      fc.property(fc.array(fc.array(element, { minLength: 1 }), { minLength: 1 }), (value) => {
        const literal = encodeParam(value, typeNamed("_text"))!;
        expect(JSON.parse(encode("_text", literal))).toEqual(value);
      }),
    );
  });
});

describe("AnswerBudget", () => {
  it("ends an answer that grows beyond it with Y1008", () => {
    const out = new JsonWriter(new AnswerBudget(100_000));
    expect(() => {
      for (let count = 0; count < 10_000; count++) out.text('"a key that is repeated in every row"');
    }).toThrow(expect.objectContaining({ code: "Y1008" }));
  });
});
