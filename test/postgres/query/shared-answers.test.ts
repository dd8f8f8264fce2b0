import type { JsonValue } from "@postern/sdk/protocol";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DataPlane, openDataPlane } from "../../support/query-context.ts";
import { type QueryFixture, startQueryFixture } from "../../support/query-fixture.ts";

let fixture: QueryFixture;
/** With two sessions that are shared. */
let plane: DataPlane;
const change = (sql: string) => fixture.admin.query(sql);

beforeAll(async () => {
  fixture = await startQueryFixture();
  plane = openDataPlane(fixture.address, { connectionsPerDatabase: 3 });
  await fixture.admin.query("set role db_owner");
  await change("create type mood as enum ('sad', 'so, so')");
  await change("create table kept (id int primary key, v jsonb, t text[], m mood)");
});
afterAll(async () => {
  await plane.close();
  await fixture.close();
});

describe("a statement answers the same, byte for byte, whether it shares its session or not", () => {
  const text = fc.string({ unit: "binary" }).filter((one) => !/[\0\ud800-\udfff]/u.test(one));
  const json = fc
    .jsonValue({ maxDepth: 2 })
    .filter((one) => one !== null && !/\\u0000|\\ud[89a-f]/.test(JSON.stringify(one)));
  const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const orNull = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null });
  const statements: [sql: string, params: fc.Arbitrary<unknown>[]][] = [
    ["select 1 as a, null as b, 'x' as a", []],
    ["select $1::text as t, length($1) as n", [orNull(text)]],
    ["select $1::int + 1 as n", [orNull(int)]],
    ["select $1::int / $2::int as n", [int, fc.integer({ min: 0, max: 2 })]],
    ["select $1::float8 as f, $1::float8::float4 as g", [fc.double({ min: -1e30, max: 1e30, noNaN: true })]],
    ["select $1::numeric as n", [orNull(fc.bigInt().map(String))]],
    ["select $1::int8 as n", [text]],
    ["select $1::jsonb as j, $1::jsonb -> 0 as k", [fc.oneof(json, text)]],
    ["select $1::int[] as a", [fc.oneof(fc.array(orNull(int)), fc.constant([[1], [2, 3]]))]],
    ["select $1::text[] as a, cardinality($1::text[]) as n", [fc.array(orNull(text))]],
    ["select $1::mood as m, array[$1::mood] as ms", [fc.constantFrom("sad", "so, so", "glad", null)]],
    [
      "select $1::bool as b, $2::timestamptz as at",
      [fc.boolean(), fc.constantFrom("2026-01-31", "never", "infinity", 5)],
    ],
    ["select decode($1, 'hex') as b", [fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("hex"))]],
    ["select n, repeat('é\"\n', n) as t from generate_series(1, $1) n", [fc.nat(200)]],
    ["select * from kept where id = any($1)", [fc.array(int)]],
    ["select where false", []],
    ["insert into kept select $1, $2, $3, 'sad' where false returning *", [int, json, fc.array(text)]],
    ["delete from kept where id = $1", [int]],
    ["select $1 = $2 as same", [text, text]],
    ["select $1::int", [text]],
    ["select $1", [fc.oneof(text, int, fc.boolean())]],
    ["select $1::int", []],
    ["select 1", [text]],
  ];

  it.each(statements)("%s", async (sql, params) => {
    await plane.share(sql);
    const alone = plane.alone();
    const outcome = (one: DataPlane, values: JsonValue[], rowsAsArrays: boolean) =>
      one.queryText(sql, values, { rowsAsArrays }).catch(({ code, message, detail, hint, position }) => ({
        code,
        message,
        detail,
        hint,
        position,
      }));
    await fc.assert(
      fc.asyncProperty(fc.tuple(...params), fc.boolean(), async (values, rowsAsArrays) => {
        const expected = await outcome(alone, values as JsonValue[], rowsAsArrays);
        const times = Array.from({ length: 3 }, () => outcome(plane, values as JsonValue[], rowsAsArrays));
        for (const answer of await Promise.all(times)) expect(answer).toEqual(expected);
      }),
      { numRuns: params.length === 0 ? 5 : 25 },
    );
  });
});

describe("a statement that was prepared before", () => {
  const all = "select * from item";
  const byKey = "select id from item where id = $1";
  const add = "insert into item (id) values ($1) returning id";

  beforeEach(async () => {
    await change("drop table if exists item cascade");
    await change("create table item (id int)");
    plane.context.book.noteRun("create");
    await plane.share(all, byKey, add);
    await Promise.all(Array.from({ length: 20 }, () => plane.query(all)));
    await plane.query(byKey, [1]);
    await plane.query(add, [1]);
  });

  it("answers with a column that was added, on every session", async () => {
    await change("alter table item add b text default 'new'");
    const answers = await Promise.all(Array.from({ length: 40 }, () => plane.query(all)));
    for (const { rows } of answers) expect(rows).toEqual([{ id: 1, b: "new" }]);
  });

  it("answers without a column that was dropped, and under a new name", async () => {
    await change("alter table item add b int; alter table item drop b; alter table item rename id to key");
    expect((await plane.query(all)).rows).toEqual([{ key: 1 }]);
    await expect(plane.query(byKey, [1])).rejects.toMatchObject({ code: "42703" });
  });

  it("takes larger values where a column became a bigint", async () => {
    await change("alter table item alter id type bigint");
    const answers = await Promise.all(["9000000000", 1].map((key) => plane.query(byKey, [key])));
    expect(answers.map(({ rows }) => rows)).toEqual([[], [{ id: "1" }]]);
    expect((await plane.query(add, [9_000_000_000])).rows).toEqual([{ id: "9000000000" }]);
  });

  it("takes text where a column became text", async () => {
    await change("alter table item alter id type text");
    expect((await plane.query(byKey, ["one"])).rows).toEqual([]);
    expect((await plane.query(add, ["one"])).rows).toEqual([{ id: "one" }]);
    expect((await change("select * from item where id = 'one'")).rowCount).toBe(1);
  });

  it("takes JSON where an array became jsonb", async () => {
    const sql = "update item set a = $1 returning a";
    await change("alter table item add a int[]");
    await plane.query(sql, [[1, 2]]);
    await plane.share(sql);
    expect((await plane.query(sql, [[1, 2]])).rows).toEqual([{ a: [1, 2] }]);
    await change("alter table item alter a type jsonb using to_jsonb(a)");
    expect((await plane.query(sql, [[3, null]])).rows).toEqual([{ a: [3, null] }]);
  });

  it("says that its table is gone, and finds one that was made since", async () => {
    await change("drop table item");
    const gone = await Promise.allSettled(Array.from({ length: 10 }, () => plane.query(all)));
    for (const one of gone) expect(one).toMatchObject({ status: "rejected", reason: { code: "42P01" } });
    await change("create table item (other text default 'x')");
    await change("insert into item default values");
    const answers = await Promise.all(Array.from({ length: 10 }, () => plane.query(all)));
    for (const { rows } of answers) expect(rows).toEqual([{ other: "x" }]);
  });

  it("is one of more than 256", async () => {
    const statements = Array.from({ length: 300 }, (_, index) => `select ${index} as n`);
    await plane.share(...statements);
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(statements.map((sql) => plane.query(sql)));
      expect(answers.map(({ rows }) => rows[0]!.n)).toEqual(statements.map((_, index) => index));
    }
  });

  it("is not sent with a NUL or half a character, whatever it was prepared with", async () => {
    const sql = "select $1::text as t";
    await plane.share(sql);
    for (const value of ["a\0b", "\ud800"]) {
      await expect(plane.query(sql, [value])).rejects.toMatchObject({ code: "Y1001" });
      await expect(plane.transaction([{ sql, params: [value] }])).rejects.toMatchObject({ code: "Y1001" });
    }
  });

  it("is not one with a NUL in it, however often it is sent", async () => {
    for (let round = 0; round < 5; round++) {
      await expect(plane.query("select 1\0; set x.y = 1")).rejects.toMatchObject({ code: "Y1001" });
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});
