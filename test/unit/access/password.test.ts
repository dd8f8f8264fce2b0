import { describe, expect, test } from "vitest";
import { checkPassword, hashPassword, verifyPassword } from "../../../src/access/password.ts";

describe("the hash of a password", () => {
  test("is matched by that password and by no other", async () => {
    const hash = await hashPassword("correct horse");
    expect(await verifyPassword("correct horse", hash)).toBe(true);
    expect(await verifyPassword("correct horsf", hash)).toBe(false);
    expect(await verifyPassword("", hash)).toBe(false);
  });

  test("differs each time, for it is salted, and never has the password in it", async () => {
    const [one, other] = await Promise.all([hashPassword("correct horse"), hashPassword("correct horse")]);
    expect(one).not.toBe(other);
    expect(one).toMatch(/^scrypt\$15\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
  });

  test("made at another cost is still matched", async () => {
    const old = await hashPassword("correct horse", { logN: 10, r: 4, p: 1 });
    expect(old).toMatch(/^scrypt\$10\$4\$1\$/);
    expect(await verifyPassword("correct horse", old)).toBe(true);
    expect(await verifyPassword("correct horsf", old)).toBe(false);
  });

  test("is matched however the same characters were typed", async () => {
    const hash = await hashPassword("caf\u00e9 au lait");
    expect(await verifyPassword("cafe\u0301 au lait", hash)).toBe(true);
  });

  test("that is missing is matched by nothing", async () => {
    expect(await verifyPassword("anything", null)).toBe(false);
    expect(await verifyPassword("anything", undefined)).toBe(false);
  });

  test("of an unknown form is an error, not a refusal", async () => {
    await expect(verifyPassword("anything", "md5$abc")).rejects.toMatchObject({ code: "Y9001" });
  });

  test("that is missing takes as long to check as one that is there", async () => {
    const hash = await hashPassword("correct horse");
    const timeOf = async (stored: string | null) => {
      const startedAt = performance.now();
      await verifyPassword("wrong", stored);
      return performance.now() - startedAt;
    };
    // The fastest of several: what else runs on the machine can only slow down.
    const fastest = async (stored: string | null) =>
      Math.min(await timeOf(stored), await timeOf(stored), await timeOf(stored));
    expect((await fastest(null)) / (await fastest(hash))).toBeGreaterThan(0.5);
  });
});

describe("a password", () => {
  test.each(["", "1234567"])("%j is too short: Y2006", (password) => {
    expect(() => checkPassword(password)).toThrow(expect.objectContaining({ code: "Y2006" }));
  });

  test("of more than 1024 characters is Y2006", () => {
    expect(() => checkPassword("x".repeat(1025))).toThrow(expect.objectContaining({ code: "Y2006" }));
  });

  test.each(["12345678", "x".repeat(1024), "пароль 8"])("%j is taken", (password) => {
    expect(() => checkPassword(password)).not.toThrow();
  });
});
