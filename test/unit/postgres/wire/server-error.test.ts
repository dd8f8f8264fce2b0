import { describe, expect, it } from "vitest";
import { parseServerError } from "../../../../src/postgres/wire/server-error.ts";

const body = (fields: string[]) => Buffer.from(`${fields.map((field) => `${field}\0`).join("")}\0`);

describe("parseServerError", () => {
  it("reads every field that Postgres documents", () => {
    const bytes = body([
      "SFEHLER",
      "VERROR",
      "C23505",
      "Mdoppelter Schlüssel",
      "Dthe detail",
      "Hthe hint",
      "P17",
      "p3",
      "qselect 1",
      "Wthe context",
      "spublic",
      "titem",
      "cid",
      "dint4",
      "nitem_pkey",
      "Fnbtinsert.c",
      "L666",
      "R_bt_check_unique",
    ]);
    const error = parseServerError(bytes, 0, bytes.length);
    expect(error.message).toBe("doppelter Schlüssel");
    expect(error.code).toBe("23505");
    expect(error.fields).toEqual({
      severity: "ERROR",
      code: "23505",
      message: "doppelter Schlüssel",
      detail: "the detail",
      hint: "the hint",
      position: "17",
      internalPosition: "3",
      internalQuery: "select 1",
      where: "the context",
      schema: "public",
      table: "item",
      column: "id",
      dataType: "int4",
      constraint: "item_pkey",
      file: "nbtinsert.c",
      line: "666",
      routine: "_bt_check_unique",
    });
  });

  it("passes over fields that it does not know", () => {
    const bytes = body(["C42P01", "?new in some later version", "Mno table"]);
    expect(parseServerError(bytes, 0, bytes.length).fields).toEqual({
      severity: "ERROR",
      code: "42P01",
      message: "no table",
    });
  });
});
