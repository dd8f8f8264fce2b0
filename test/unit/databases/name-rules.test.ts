/** Names that databases, users and passwords can have. */
import { describe, expect, it } from "vitest";
import {
  checkDatabaseName,
  checkPassword,
  checkUserName,
  inventName,
} from "../../../src/databases/name-rules.ts";

describe("names of databases", () => {
  it.each(["a", "my-app-db", "shop_2", "0"])("can be %s", (name) => {
    expect(checkDatabaseName(name)).toBe(name);
  });

  it.each(["", "-a", "My-App", "a b", "x".repeat(64), "db-c1cf9a9be667", "op-12", "ä", "a;drop"])(
    "cannot be %j",
    (name) => {
      expect(() => checkDatabaseName(name)).toThrow(expect.objectContaining({ code: "Y3003" }));
    },
  );

  it("are invented within the rules", () => {
    for (let round = 0; round < 100; round += 1)
      expect(checkDatabaseName(inventName())).toMatch(/^[a-z]+-[a-z]+-\d{3}$/);
  });
});

describe("names of users", () => {
  it.each(["app", "app_user_1", "x".repeat(16)])("can be %s", (user) => {
    expect(checkUserName(user)).toBe(user);
  });

  it.each([
    "ab",
    "x".repeat(17),
    "App",
    "a-b",
    "postgres",
    "postern_admin",
    "pg_read",
    "anon",
    "authenticated",
    "public",
    "db_c1cf9a9be667",
  ])("cannot be %s", (user) => {
    expect(() => checkUserName(user)).toThrow(expect.objectContaining({ code: "Y3006" }));
  });
});

describe("passwords", () => {
  it("have 8 or more characters and no control characters", () => {
    expect(checkPassword("12345678")).toBe("12345678");
    for (const password of ["1234567", "1234567\n", "x".repeat(201)]) {
      expect(() => checkPassword(password)).toThrow(expect.objectContaining({ code: "Y2006" }));
    }
  });
});
