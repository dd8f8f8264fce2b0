import type { JsonValue } from "@postern/sdk/protocol";
import * as fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type QueryFixture, startQueryFixture } from "../../support/query-fixture.ts";

let fixture: QueryFixture;
let client: pg.Client;

beforeAll(async () => {
  fixture = await startQueryFixture();
  client = new pg.Client({ ...fixture.address });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await fixture.close();
});

/** What `pg` makes of a value, in the forms that the contract promises. */
const expectedOf = (value: unknown): JsonValue => {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(expectedOf);
  return value as JsonValue;
};

const text = fc.string({ unit: "binary" }).filter((one) => !/[\0\ud800-\udfff]/u.test(one));
const int = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const bigint = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const json = fc.jsonValue({ maxDepth: 3 }).filter((one) => !/\\u0000|\\ud[89a-f]/.test(JSON.stringify(one)));
const float = fc.double().map((one) => (Object.is(one, -0) ? 0 : one));

describe("random values come as pg reads them", () => {
  const check = async <Value>(
    type: string,
    values: fc.Arbitrary<Value>,
    toText: (value: Value) => string,
  ) => {
    const sample = fc.sample(values, 200);
    const literals = sample.map(toText);
    const sql = `select v::${type} as v from unnest($1::text[]) with ordinality as t(v, n) order by n`;
    const { rows } = await client.query(sql, [literals]);
    const answer = await fixture.query(sql, [literals]);
    expect(answer.rows).toEqual(rows.map((row) => ({ v: expectedOf(row.v) })));
  };

  it("bool", () => check("bool", fc.boolean(), String));
  it("int2", () => check("int2", int(16), String));
  it("int4", () => check("int4", int(32), String));
  it("int8, as text", () => check("int8", bigint, String));
  it("float4", () =>
    check(
      "float4",
      fc.float({ noDefaultInfinity: true }).map((x) => x || 0),
      String,
    ));
  it("float8", () => check("float8", float, String));
  it("numeric, as text", () => check("numeric", fc.tuple(bigint, fc.nat()), ([a, b]) => `${a}.${b}`));
  it("text", () => check("text", text, (one) => one));
  it("varchar", () => check("varchar(10)", text, (one) => one));
  it("json", () => check("json", json, (one) => JSON.stringify(one)));
  it("jsonb", () => check("jsonb", json, (one) => JSON.stringify(one)));
  it("uuid", () => check("uuid", fc.uuid(), (one) => one));
  it("int4[]", () => check("int4[]", fc.array(int(32)), (one) => `{${one.join(",")}}`));
  it("float8[]", () => check("float8[]", fc.array(float), (one) => `{${one.join(",")}}`));
});

describe("random values that JSON has no form for come as Postgres writes them", () => {
  const check = async (type: string, values: fc.Arbitrary<string>) => {
    const sample = fc.sample(values, 150);
    const sql = `select v::${type} as v, array[v::${type}, null] as vs from unnest($1::text[]) with ordinality as t(v, n) order by n`;
    const types = { getTypeParser: () => (one: string) => one };
    const { rows } = await client.query({ text: sql, values: [sample], types: types as never });
    const expected = rows.map(({ v }) => ({ v, vs: [v, null] }));
    expect((await fixture.query(sql, [sample])).rows).toEqual(expected);
  };
  const bytes = fc.uint8Array({ maxLength: 40 }).map((one) => `\\x${Buffer.from(one).toString("hex")}`);
  const day = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((days) => new Date(days * 86_400_000));
  const date = day.map((one) => {
    const year = one.getUTCFullYear();
    const padded = String(year > 0 ? year : 1 - year).padStart(4, "0");
    return `${padded}-${one.getUTCMonth() + 1}-${one.getUTCDate()}${year > 0 ? "" : " BC"}`;
  });
  const orInfinity = (values: fc.Arbitrary<string>) =>
    fc.oneof(values, fc.constantFrom("infinity", "-infinity"));
  const time = fc.nat(86_399_999).map((ms) => new Date(ms).toISOString().slice(11, 23));
  const bounds = fc.constantFrom("[]", "[)", "(]", "()");
  const range = <Value>(values: fc.Arbitrary<Value>, compare: (a: Value, b: Value) => number) =>
    fc.tuple(values, values, bounds).map(([a, b, [open, close]]) => {
      const [low, high] = compare(a, b) <= 0 ? [a, b] : [b, a];
      return `${open}"${String(low).replace(/["\\]/g, "\\$&")}","${String(high).replace(/["\\]/g, "\\$&")}"${close}`;
    });
  const numbers = (a: number, b: number) => a - b;

  it("bytea", () => check("bytea", bytes));
  it("date", () => check("date", orInfinity(date)));
  it("timestamp", () =>
    check(
      "timestamp",
      fc.tuple(date, time).map(([a, b]) => (a.endsWith("BC") ? a : `${a} ${b}`)),
    ));
  it("timestamptz", () => check("timestamptz", orInfinity(date)));
  it("interval", () =>
    check(
      "interval",
      fc.tuple(int(16), int(16), time).map(([a, b, c]) => `${a} months ${b} days ${c}`),
    ));
  it("int4range", () => check("int4range", range(int(31), numbers)));
  it("numrange", () => check("numrange", range(int(31), numbers)));
  it("daterange, empty", () =>
    check("daterange", fc.constantFrom("empty", "(,)", "[2026-01-01,2026-02-01)")));
  it("composite", async () => {
    await fixture.execute("create type fuzzed as (a int, b text, c text[])");
    const field = (one: string) => `"${one.replace(/["\\]/g, "\\$&")}"`;
    await check(
      "fuzzed",
      fc.tuple(int(32), text).map(([a, b]) => `(${a},${field(b)},)`),
    );
  });
  it("inet", () => check("inet", fc.oneof(fc.ipV4(), fc.ipV6())));
  it("bit varying", () =>
    check(
      "varbit",
      fc.array(fc.constantFrom("0", "1")).map((one) => one.join("")),
    ));
});

describe("every character", () => {
  /** A few thousand of all planes, and all of ASCII; but NUL and halves of pairs. */
  const characters = Array.from({ length: 0x110000 / 61 }, (_, n) => n * 61)
    .concat(Array.from({ length: 128 }, (_, n) => n))
    .filter((code) => code > 0 && (code < 0xd800 || code > 0xdfff))
    .map((code) => String.fromCodePoint(code));

  it("comes back as it was sent, alone, in arrays and in JSON", async () => {
    const whole = characters.join("");
    const { rows } = await fixture.query(
      "select $1::text as t, $2::text[] as a, $3::json as j, $4::jsonb as b",
      [whole, characters, { whole }, [whole]],
    );
    expect(rows).toEqual([{ t: whole, a: characters, j: { whole }, b: [whole] }]);
  });
});

describe("random parameters come back as they were sent", () => {
  const check = async (type: string, values: fc.Arbitrary<JsonValue>) => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const { rows } = await fixture.query(`select $1::${type} as v`, [value]);
        expect(rows[0]!.v).toEqual(value);
      }),
      { numRuns: 60 },
    );
  };
  const orNull = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null });

  it("text", () => check("text", orNull(text)));
  it("int4", () => check("int4", orNull(int(32))));
  it("bool", () => check("bool", orNull(fc.boolean())));
  it("float8", () =>
    check(
      "float8",
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x || 0),
    ));
  it("jsonb, objects", () => check("jsonb", fc.dictionary(fc.string(), int(32)) as fc.Arbitrary<JsonValue>));
  it("jsonb, arrays", () => check("jsonb", fc.array(orNull(int(32)))));
  it("text[]", () => check("text[]", fc.array(orNull(text))));
  it("text[] of two dimensions", () =>
    check(
      "text[]",
      fc
        .nat(4)
        .chain((width) =>
          fc.array(fc.array(orNull(text), { minLength: width + 1, maxLength: width + 1 }), { minLength: 1 }),
        ),
    ));
  it("int8[], as texts", () => check("int8[]", fc.array(bigint)));
  it("jsonb[]", () => check("jsonb[]", fc.array(fc.record({ a: int(16) })) as fc.Arbitrary<JsonValue>));
});

describe("types of the user's own", () => {
  it("are named, and arrays of them are arrays", async () => {
    await fixture.execute("create type mood as enum ('sad', 'so, so', 'ok')");
    await fixture.execute("create domain small as int check (value < 10)");
    await fixture.execute("create type pair as (a int, b text)");
    const { rows, fields } = await fixture.query(
      `select 'ok'::mood as m, array['sad','so, so',null]::mood[] as ms, 3::small as s, array[1,2]::small[] as ss,
              row(1,'x y')::pair as p, array[row(1,'x')::pair] as ps`,
    );
    expect(rows).toEqual([
      { m: "ok", ms: ["sad", "so, so", null], s: 3, ss: [1, 2], p: '(1,"x y")', ps: ["(1,x)"] },
    ]);
    expect(fields.map((field) => field.type)).toEqual(["mood", "_mood", "int4", "_small", "pair", "_pair"]);
  });

  it("take arrays as parameters, even those made in the same transaction", async () => {
    const { results } = await fixture.transaction([
      "create type colour as enum ('red', 'green')",
      "create table paint (colours colour[], tags text[])",
      {
        sql: "insert into paint values ($1, $2) returning colours, tags",
        params: [["red", "green"], [["a", null]]],
      },
    ]);
    expect(results[2]!.rows).toEqual([{ colours: ["red", "green"], tags: [["a", null]] }]);
  });

  it("that have the name of a built-in one do not pass for it", async () => {
    await fixture.execute("create schema other");
    await fixture.execute("create type other.json as enum ('not json')");
    const { rows, fields } = await fixture.query("select 'not json'::other.json as v");
    expect([rows, fields[0]!.type]).toEqual([[{ v: "not json" }], "json"]);
  });

  it("that were dropped before they could be asked for have the name ???", async () => {
    const { results } = await fixture.transaction([
      "create type fleeting as enum ('a')",
      "select 'a'::fleeting as v",
      "drop type fleeting",
    ]);
    expect(results[1]).toEqual({
      rows: [{ v: "a" }],
      fields: [{ name: "v", type_oid: expect.any(Number), type: "???" }],
      rows_affected: 1,
    });
  });
});

describe("forms of values", () => {
  it("do not depend on the defaults that a role has set for itself", async () => {
    await fixture.execute(
      "do $$ begin execute format('alter role %I set datestyle = ''German''', current_user); execute format('alter role %I set bytea_output = ''escape''', current_user); execute format('alter role %I set intervalstyle = ''iso_8601''', current_user); end $$",
    );
    await fixture.service.closeDatabase("db-0123456789ab" as never);
    const { rows } = await fixture.query(
      "select date '2026-01-31' as d, '\\x00ff'::bytea as b, interval '1 day 2 hours' as i, 0.1::float8 + 0.2 as f",
    );
    expect(rows).toEqual([{ d: "2026-01-31", b: "\\x00ff", i: "1 day 02:00:00", f: 0.30000000000000004 }]);
  });

  it("fields carry the name, the OID and pg_type's name of the type", async () => {
    const { fields } = await fixture.query("select 1 as a, now() as b, array['x'] as c");
    expect(fields).toEqual([
      { name: "a", type_oid: 23, type: "int4" },
      { name: "b", type_oid: 1184, type: "timestamptz" },
      { name: "c", type_oid: 1009, type: "_text" },
    ]);
  });

  it("rows are arrays when they are asked for", async () => {
    const { rows } = await fixture.query("select 1 as a, null as b, 2 as a", [], { rowsAsArrays: true });
    expect(rows).toEqual([[1, null, 2]]);
  });

  it("large results are whole", async () => {
    const { rows, row_count } = await fixture.query(
      "select n, repeat('é\"', n % 50) as t from generate_series(1, 50000) n",
    );
    expect(row_count).toBe(50_000);
    expect(rows.every((row, index) => row.n === index + 1 && row.t === 'é"'.repeat((index + 1) % 50))).toBe(
      true,
    );
  });

  it("one value may be larger than any read from the socket", async () => {
    const { rows } = await fixture.query("select repeat('ab', 3000000) as t, 7 as n");
    expect(rows[0]).toEqual({ t: "ab".repeat(3_000_000), n: 7 });
  });

  it("parameters may be as large", async () => {
    const large = "x\u00e9".repeat(2_000_000);
    expect((await fixture.query("select $1::text as t", [large])).rows[0]!.t).toBe(large);
  });
});
