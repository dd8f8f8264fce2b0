import { beforeEach, describe, expect, test } from "vitest";
import { type LoginAttempt, LoginAuthenticator } from "../../../src/access/authenticate-login.ts";
import type { LoginFacts } from "../../../src/access/read-login.ts";
import { scramVerifier } from "../../../src/base/secrets.ts";

let nowMs: number;
let facts: LoginFacts | undefined;
let reads: number;
let fails: boolean;
let taken: string[];
let waitSeconds: number;
let logins: LoginAuthenticator;

beforeEach(async () => {
  nowMs = 0;
  reads = 0;
  fails = false;
  taken = [];
  waitSeconds = 0;
  facts = { databaseId: "db-0123456789ab", databaseName: "shop", verifier: await scramVerifier("right") };
  logins = new LoginAuthenticator(
    async () => {
      reads += 1;
      if (fails) throw new Error("unreachable");
      return facts;
    },
    {
      take(key) {
        taken.push(key);
        return waitSeconds;
      },
      giveBack: (key) => void taken.splice(taken.indexOf(key), 1),
    },
    () => nowMs,
  );
});

const attempt = (changes: Partial<LoginAttempt> = {}) =>
  logins.authenticate({
    user: "owner",
    password: "right",
    database: "shop",
    callerAddress: "127.0.0.1",
    ...changes,
  });

describe("a login", () => {
  test("with the right password speaks for the database, whether its host is named or not", async () => {
    const principal = { kind: "database", databaseId: "db-0123456789ab" };
    expect(await attempt()).toEqual(principal);
    expect(await attempt({ databaseId: "db-0123456789ab" })).toEqual(principal);
  });

  test.each<[string, Partial<LoginAttempt>]>([
    ["a wrong password", { password: "wrong" }],
    ["another database's host", { databaseId: "db-ffffffffffff" }],
  ])("with %s is refused with 28P01", async (_what, changes) => {
    await expect(attempt(changes)).rejects.toMatchObject({
      code: "28P01",
      message: 'password authentication failed for user "owner"',
    });
  });

  test("of an unknown user, or one who has no password, is refused the same way", async () => {
    const known = facts!;
    facts = undefined;
    await expect(attempt({ user: "nobody" })).rejects.toMatchObject({ code: "28P01" });
    facts = { ...known, verifier: null };
    await expect(attempt({ user: "silent" })).rejects.toMatchObject({ code: "28P01" });
  });

  test("with another database's name is refused with 3D000, but only once the password is right", async () => {
    await expect(attempt({ database: "other" })).rejects.toMatchObject({ code: "3D000" });
    await expect(attempt({ database: "other", password: "wrong" })).rejects.toMatchObject({ code: "28P01" });
  });

  test("believes what Postgres said for less than a second", async () => {
    await attempt();
    facts = { ...facts!, verifier: await scramVerifier("changed") };
    nowMs = 400;
    await attempt();
    expect(reads).toBe(1);
    nowMs = 1_000;
    await expect(attempt()).rejects.toMatchObject({ code: "28P01" });
    await attempt({ password: "changed" });
    expect(reads).toBe(2);
  });

  test("asks ahead of time, so that a busy database's requests do not wait", async () => {
    await attempt();
    nowMs = 600;
    await attempt();
    await attempt();
    expect(reads).toBe(2);
    nowMs = 1_050;
    await attempt();
    expect(reads).toBe(2);
    // What was asked for at 600 is too old at 1600 in turn.
    nowMs = 1_600;
    facts = undefined;
    await expect(attempt()).rejects.toMatchObject({ code: "28P01" });
  });

  test("asks again after a look-up that failed", async () => {
    fails = true;
    await expect(attempt()).rejects.toThrow("unreachable");
    fails = false;
    await attempt();
    nowMs = 600;
    fails = true;
    await attempt();
    fails = false;
    nowMs = 1_100;
    await attempt();
  });

  test("with the right password uses up no attempt, also many at once", async () => {
    await Promise.all(Array.from({ length: 50 }, () => attempt()));
    expect(taken).toEqual([]);
  });

  test("with the same wrong password again and again uses up one attempt", async () => {
    for (let round = 0; round < 3; round += 1) {
      await expect(attempt({ password: "stale" })).rejects.toMatchObject({ code: "28P01" });
    }
    expect(taken).toEqual(["owner 127.0.0.1"]);
  });

  test("is refused with Y1018 when there were too many attempts, unless the password was right before", async () => {
    await attempt();
    waitSeconds = 6;
    await expect(attempt({ password: "guess" })).rejects.toMatchObject({
      code: "Y1018",
      hint: "Try again in 6 s.",
    });
    await attempt();
  });
});
