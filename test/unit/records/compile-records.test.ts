import type { RecordQuery } from "@postern/sdk/protocol";
import { describe, expect, it } from "vitest";
import { compileRecords } from "../../../src/records/compile-records.ts";
import type { Column, Relation } from "../../../src/records/relation.ts";

const column = (name: string, type: string, more: Partial<Column> = {}): Column => ({
  name,
  type: `pg_catalog.${type}`,
  kind: type === "text" ? "text" : "other",
  elementIsJson: false,
  delimiter: ",",
  hasEquality: true,
  generated: false,
  ...more,
});

const relation: Relation = {
  oid: 1,
  schema: "public",
  name: 'to"dos',
  kind: "r",
  columns: [
    column("id", "int4"),
    column("title", "text"),
    column("tags", "_text", { kind: "array" }),
    column("data", "jsonb", { kind: "json" }),
    column("raw", "json", { kind: "json", hasEquality: false }),
    column("twice", "int4", { generated: true }),
    column("tenant_id", "text"),
  ],
  primaryKey: ["id"],
  capture: null,
};

const compile = (query: Omit<RecordQuery, "table">, tenant?: string) =>
  compileRecords({ table: 'to"dos', ...query }, relation, { tenant });
const codeOf = (query: Omit<RecordQuery, "table">, tenant?: string) => {
  try {
    compile(query, tenant);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

describe("compiling a structured query", () => {
  it("quotes names, casts values, and leaves every value a parameter", () => {
    expect(
      compile({
        operation: "select",
        columns: ["id"],
        filters: [
          { column: "title", op: "like", value: "%a'" },
          { column: "id", op: "in", value: [1, null] },
          { column: "data", op: "eq", value: "x" },
        ],
        limit: 2,
        offset: 1,
      }),
    ).toEqual({
      sql: `select "id" from "public"."to""dos" where "title" like $1::pg_catalog.text and "id" = any ($2::pg_catalog.int4[]) and "data" = $3::pg_catalog.jsonb order by "id" limit 2 offset 1`,
      params: ["%a'", '{"1",NULL}', '"x"'],
      writes: false,
    });
  });

  it("gives rows of one insert the same columns, and what one lacks its default", () => {
    expect(compile({ operation: "insert", data: [{ id: 1 }, { id: 2, title: null }], columns: [] })).toEqual({
      sql: `insert into "public"."to""dos" ("id", "title") values ($1::pg_catalog.int4, default), ($2::pg_catalog.int4, $3::pg_catalog.text)`,
      params: ["1", "2", null],
      writes: true,
    });
    expect(compile({ operation: "insert", data: {} }).sql).toBe(
      `insert into "public"."to""dos" default values returning *`,
    );
  });

  it("keeps a tenant's token inside its tenant", () => {
    expect(compile({ operation: "insert", data: { id: 1 } }, "acme").params).toEqual(["1", "acme"]);
    expect(
      compile({ operation: "delete", filters: [{ column: "id", op: "eq", value: 1 }] }, "acme").sql,
    ).toContain(`where "id" = $1::pg_catalog.int4 and "tenant_id" = $2::pg_catalog.text`);
    expect(compile({ operation: "select" }, "acme").sql).toContain(`where "tenant_id" = $1`);
    expect(codeOf({ operation: "insert", data: { id: 1, tenant_id: "other" } }, "acme")).toBe("Y2090");
    expect(codeOf({ operation: "update", data: { tenant_id: "other" }, allow_all: true }, "acme")).toBe(
      "Y2090",
    );
  });

  it.each<[string, Omit<RecordQuery, "table">]>([
    ["an unknown column", { operation: "select", columns: ["ID"] }],
    ["a computed column", { operation: "insert", data: { twice: 1 } }],
    ["data with select", { operation: "select", data: { id: 1 } }],
    ["no data", { operation: "insert" }],
    ["nothing to set", { operation: "update", data: {}, allow_all: true }],
    ["no rows", { operation: "insert", data: [] }],
    ["a list for update", { operation: "update", data: [{ id: 1 }], allow_all: true }],
    [
      "filters with insert",
      { operation: "insert", data: { id: 1 }, filters: [{ column: "id", op: "eq", value: 1 }] },
    ],
    ["a limit with delete", { operation: "delete", allow_all: true, limit: 1 }],
    ["comparing with null", { operation: "select", filters: [{ column: "id", op: "neq", value: null }] }],
    ["no value", { operation: "select", filters: [{ column: "id", op: "eq" }] }],
    ["a list that is none", { operation: "select", filters: [{ column: "id", op: "in", value: 1 }] }],
    ["a type without equality", { operation: "select", filters: [{ column: "raw", op: "eq", value: 1 }] }],
    ["is_null with a number", { operation: "select", filters: [{ column: "id", op: "is_null", value: 1 }] }],
  ])("refuses %s", (_what, query) => {
    expect(codeOf(query)).toBe("Y1061");
  });

  it("refuses a write without a filter unless all rows are meant", () => {
    expect(codeOf({ operation: "delete" })).toBe("Y1062");
    expect(codeOf({ operation: "update", data: { id: 1 }, filters: [] })).toBe("Y1062");
    expect(codeOf({ operation: "delete", allow_all: true })).toBeUndefined();
  });
});
