import { describe, expect, test } from "vitest";
import { PosternError, posternError } from "../../../src/base/error.ts";
import type { PosternCode } from "../../../src/base/error-codes.ts";
import { ServerError } from "../../../src/postgres/wire/server-error.ts";
import { describeNeonError } from "../../../src/query/neon/describe-neon-error.ts";

const cause = new ServerError({
  severity: "ERROR",
  code: "23505",
  message: "duplicate key",
  detail: "Key (id)=(1) already exists.",
  table: "items",
  internalPosition: "3",
  line: "666",
});

describe("an error for the Neon driver", () => {
  test("has all fields of Postgres's own, as text or null", () => {
    const error = new PosternError("23505", "duplicate key", {
      detail: "Key (id)=(1) already exists.",
      position: 8,
      cause,
    });
    const { status, body } = describeNeonError(error, true);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: "23505",
      table: "items",
      internalPosition: "3",
      line: "666",
      position: "8",
    });
    expect(body.routine).toBeNull();
    expect(Object.keys(body)).toHaveLength(17);
  });

  test("shows a client of the database code, message and position only", () => {
    const error = new PosternError("23505", "duplicate key", { position: 8, cause });
    const told = Object.entries(describeNeonError(error, false).body).filter(([, value]) => value !== null);
    expect(Object.fromEntries(told)).toEqual({
      message: "duplicate key",
      code: "23505",
      severity: "ERROR",
      position: "8",
    });
  });

  test.each<[PosternCode, number, string]>([
    ["Y1009", 400, "57014"],
    ["Y3001", 400, "3D000"],
    ["Y3004", 400, "57P03"],
    ["Y4004", 400, "53300"],
    ["Y2002", 400, "Y2002"],
    ["Y1004", 413, "Y1004"],
    ["Y1018", 429, "Y1018"],
    ["Y9001", 500, "Y9001"],
    ["Y4001", 503, "Y4001"],
    ["Y1008", 507, "Y1008"],
  ])("%s is status %i with code %s", (code, status, shown) => {
    const described = describeNeonError(posternError(code, "So it is.", { hint: "Do this." }), true);
    expect([described.status, described.body.code]).toEqual([status, shown]);
    expect(described.body).toMatchObject({ message: "So it is.", hint: "Do this.", severity: "ERROR" });
  });

  test.each(["53300", "57P01", "28P01"])("%s is status 400, whatever it is elsewhere", (code) => {
    expect(describeNeonError(new PosternError(code, "not now"), true).status).toBe(400);
  });
});
