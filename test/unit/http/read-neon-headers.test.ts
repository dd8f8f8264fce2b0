import { describe, expect, test } from "vitest";
import { readNeonConnection, readNeonModes } from "../../../src/http/read-neon-headers.ts";

const read = (url: string) => readNeonConnection({ "neon-connection-string": url });

describe("the connection string", () => {
  test("is decoded, and its parameters are passed over", () => {
    expect(
      read(
        "postgresql://us%40er:p%3A%2F%25%20%C3%BC@db-0123456789AB.localhost:5480/my%20db?sslmode=require&x=%zz",
      ),
    ).toEqual({ user: "us@er", password: "p:/% ü", database: "my db", databaseId: "db-0123456789ab" });
  });

  test.each([
    ["postgres://u:p@db-0123456789ab.example.com/d", "db-0123456789ab"],
    ["postgresql://u:p@db-0123456789ab-pooler.example.com/d", "db-0123456789ab"],
    ["postgresql://u:p@db-0123456789ab/d", "db-0123456789ab"],
    ["postgresql://u:p@127.0.0.1:6432/d", undefined],
    ["postgresql://u:p@[::1]:6432/d", undefined],
    ["postgresql://u:p@localhost/d", undefined],
    ["postgresql://u:p@db-0123456789abc.example.com/d", undefined],
    ["postgresql://u:p@evil-db-0123456789ab.example.com/d", undefined],
  ])("%s names the database %s", (url, databaseId) => {
    expect(read(url)).toMatchObject({ user: "u", password: "p", database: "d", databaseId });
  });

  test("may lack the password", () => {
    expect(read("postgresql://u@host/d").password).toBe("");
  });

  test.each([
    "",
    "nonsense",
    "mysql://u:p@host/d",
    "http://u:p@host/d",
    "postgresql://u:p@host",
    "postgresql://u:p@host/",
    "postgresql://host/d",
    "postgresql://u%:p@host/d",
    "postgresql://u:p%ff@host/d",
  ])("%j is refused with Y1001", (url) => {
    expect(() => read(url)).toThrow(expect.objectContaining({ code: "Y1001" }));
  });

  test("is required", () => {
    expect(() => readNeonConnection({})).toThrow(expect.objectContaining({ code: "Y1001" }));
  });
});

test("modes are on for the exact word `true` only", () => {
  const modes = { isRaw: false, rowsAsArrays: false };
  expect(readNeonModes({})).toMatchObject(modes);
  expect(readNeonModes({ "neon-raw-text-output": "True", "neon-array-mode": "1" })).toMatchObject(modes);
  expect(readNeonModes({ "neon-raw-text-output": "true", "neon-array-mode": "true" })).toMatchObject({
    isRaw: true,
    rowsAsArrays: true,
  });
});
