/** Secrets open only where they belong. */
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  findByDigest,
  hashSecret,
  newPassword,
  newToken,
  Secrets,
  scramVerifier,
} from "../../../src/base/secrets.ts";

describe("sealed secrets", () => {
  const secrets = new Secrets(randomBytes(32));

  it("open for the purpose they were sealed for, and for no other", () => {
    const sealed = secrets.seal("geheim", "db-1");
    expect(secrets.open(sealed, "db-1")).toBe("geheim");
    expect(() => secrets.open(sealed, "db-2")).toThrow();
  });

  it("do not open under another key, nor when a byte was changed", () => {
    const sealed = secrets.seal("geheim", "db-1");
    expect(() => new Secrets(randomBytes(32)).open(sealed, "db-1")).toThrow();
    for (const at of [0, 15, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => secrets.open(changed, "db-1")).toThrow();
    }
  });

  it("look different each time", () => {
    expect(secrets.seal("x", "p").equals(secrets.seal("x", "p"))).toBe(false);
  });
});

describe("tokens", () => {
  it("are 64 hex digits, match their own hash and no other", () => {
    const token = newToken();
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    const other = { hash: hashSecret(newToken()) };
    const own = { hash: hashSecret(token) };
    expect(findByDigest(hashSecret(token), [other, own, other])).toBe(own);
    expect(findByDigest(hashSecret(newToken()), [own])).toBeUndefined();
    expect(findByDigest(hashSecret(token), [])).toBeUndefined();
  });
});

describe("passwords", () => {
  it("need no escaping in an URL", () => {
    expect(newPassword()).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  it("become verifiers of Postgres's form, salted", async () => {
    const [first, second] = await Promise.all([scramVerifier("pw"), scramVerifier("pw")]);
    expect(first).toMatch(/^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/);
    expect(first).not.toBe(second);
  });
});
