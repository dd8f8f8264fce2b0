import { describe, expect, it } from "vitest";
import { parseDsn } from "../../../src/instances/registered/parse-dsn.ts";

describe("parseDsn", () => {
  it("reads hosts, login, database and what is said of TLS", () => {
    expect(
      parseDsn("postgresql://a%40b:p%3Aw@db.example.com:5433,[fd00::1]/main?sslmode=verify-full"),
    ).toEqual({
      hosts: [
        { host: "db.example.com", port: 5433 },
        { host: "fd00::1", port: 5432 },
      ],
      user: "a@b",
      password: "p:w",
      database: "main",
      tlsMode: "verify-full",
    });
    expect(parseDsn("postgres://a:b@h")).toMatchObject({ database: "postgres", tlsMode: null });
    expect(parseDsn("postgres://a:b@h/d?sslmode=prefer&target_session_attrs=read-write")).toMatchObject({
      tlsMode: null,
    });
  });

  it.each([
    "",
    "mysql://a:b@h/d",
    "postgres://h/d",
    "postgres://a@h/d",
    "postgres://a:b@/d",
    "postgres://a:b@%2Fvar%2Frun/d",
    "postgres://a:b@h:0/d",
    "postgres://a:b@h:70000/d",
    "postgres://a:b@2130706433/d",
    "postgres://a:b@0x7f.0.0.1/d",
    "postgres://a:b@127.1/d",
    "postgres://a:b@h/d?sslmode=maybe",
    "postgres://a:b@h/d?options=-c%20role%3Dx",
    "postgres://a:b@h/d?host=elsewhere",
    "postgres://a:%zz@h/d",
  ])("refuses %s with Y8010", (text) => {
    expect(() => parseDsn(text)).toThrow(expect.objectContaining({ code: "Y8010" }));
  });
});
