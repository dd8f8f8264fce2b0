import { describe, expect, it } from "vitest";
import { knowsPostgres } from "../../../src/runtime/find-pgbackrest.ts";

describe("knowsPostgres", () => {
  it("takes a pgBackRest that was released after the Postgres", () => {
    expect(knowsPostgres("2.55.1", "17")).toBe(true);
    expect(knowsPostgres("2.50", "16")).toBe(true);
    expect(knowsPostgres("2.55.1", "15")).toBe(true);
  });

  it("refuses one that is older than the Postgres, as Debian 12 and Ubuntu 24.04 have it", () => {
    expect(knowsPostgres("2.45", "17")).toBe(false);
    expect(knowsPostgres("2.50", "17")).toBe(false);
    expect(knowsPostgres("2.55.1", "18")).toBe(false);
  });

  it("refuses versions that it cannot read", () => {
    expect(knowsPostgres("dev", "17")).toBe(false);
    expect(knowsPostgres("3.0", "17")).toBe(false);
  });
});
