/** Forged, broken and outdated tokens are refused in the same words; honest ones of every algorithm are taken. */
import { createHmac, createSecretKey } from "node:crypto";
import { exportSPKI, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { looksLikeUserToken, TokenVerifier } from "../../../src/access/token-verifier.ts";
import type { Observation } from "../../../src/base/observation.ts";
import { makeSigningKey, signToken, startTestIssuer, type TestIssuer } from "../../support/test-issuer.ts";

const rules = { allowLoopback: true, allowPrivate: false };
const now = () => Math.floor(Date.now() / 1000);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

let issuer: TestIssuer;
let observed: Observation[] = [];
let verifier: TokenVerifier;

beforeAll(async () => {
  issuer = await startTestIssuer();
  verifier = new TokenVerifier({ rules, observe: (observation) => observed.push(observation) });
});
afterAll(() => issuer.close());

const verify = (token: string, audience: string | null = null) =>
  verifier.verify(token, { issuer: issuer.url, audience });

/** Refused as every bad token is; answers with the reason that only the operator hears. */
async function reasonOfRefusal(token: string, audience: string | null = null): Promise<string> {
  observed = [];
  const error = await verify(token, audience).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "Y2010", message: "The token is not valid." });
  expect((error as { detail?: string }).detail).toBeUndefined();
  expect(observed).toMatchObject([{ type: "user_token", event: "refused", issuer: issuer.url }]);
  const [observation] = observed as [Extract<Observation, { type: "user_token" }>];
  for (const part of token.split(".").filter((text) => text.length > 20)) {
    expect(observation.detail).not.toContain(part);
  }
  return observation.detail;
}

describe("a token of the issuer", () => {
  test("proves its claims", async () => {
    const claims = { sub: "alice", exp: now() + 60, role: "editor", nested: { a: [1, null, "é"] } };
    const verified = await verify(await issuer.sign(claims));
    expect(verified.subject).toBe("alice");
    expect(verified.expiresAt).toBe(claims.exp);
    expect(JSON.parse(verified.json)).toMatchObject({ ...claims, iss: issuer.url });
  });

  test.each([
    ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
  ])("can be signed with %s", async (alg) => {
    const other = await startTestIssuer({ alg });
    try {
      const settings = { issuer: other.url, audience: null };
      await expect(verifier.verify(await other.sign({ sub: "alice" }), settings)).resolves.toMatchObject({
        subject: "alice",
      });
    } finally {
      await other.close();
    }
  });

  test("needs no kid, even where several keys are published", async () => {
    const other = await startTestIssuer();
    try {
      other.keys.unshift(await makeSigningKey());
      other.keys.push(await makeSigningKey());
      const settings = { issuer: other.url, audience: null };
      for (const key of other.keys) {
        const token = await other.sign({ sub: key.kid }, { key, header: { kid: undefined } });
        await expect(verifier.verify(token, settings)).resolves.toMatchObject({ subject: key.kid });
      }
      const forged = await other.sign(
        { sub: "a" },
        { key: await makeSigningKey(), header: { kid: undefined } },
      );
      await expect(verifier.verify(forged, settings)).rejects.toMatchObject({ code: "Y2010" });
    } finally {
      await other.close();
    }
  });

  test("can have a path in its issuer, with or without a slash at the end", async () => {
    for (const path of ["/realms/app", "/realms/app/"]) {
      const other = await startTestIssuer({ path });
      try {
        other.answer("/realms/app/.well-known/openid-configuration", (_request, response) => {
          response.end(JSON.stringify({ issuer: other.url, jwks_uri: `${new URL(other.url).origin}/jwks` }));
        });
        const settings = { issuer: other.url, audience: null };
        await expect(verifier.verify(await other.sign({ sub: "a" }), settings)).resolves.toBeDefined();
      } finally {
        await other.close();
      }
    }
  });

  test("expires, and has five seconds for clocks that differ", async () => {
    await expect(verify(await issuer.sign({ sub: "a", exp: now() - 3 }))).resolves.toBeDefined();
    expect(await reasonOfRefusal(await issuer.sign({ sub: "a", exp: now() - 6 }))).toContain("exp");
    await expect(verify(await issuer.sign({ sub: "a", nbf: now() + 3 }))).resolves.toBeDefined();
    expect(await reasonOfRefusal(await issuer.sign({ sub: "a", nbf: now() + 30 }))).toContain("nbf");
    await expect(verify(await issuer.sign({ sub: "a", iat: now() + 3 }))).resolves.toBeDefined();
    expect(await reasonOfRefusal(await issuer.sign({ sub: "a", iat: now() + 30 }))).toContain("future");
  });

  test("is for the configured audience, alone or among others", async () => {
    await expect(verify(await issuer.sign({ sub: "a", aud: "app" }), "app")).resolves.toBeDefined();
    await expect(verify(await issuer.sign({ sub: "a", aud: ["x", "app"] }), "app")).resolves.toBeDefined();
    await expect(verify(await issuer.sign({ sub: "a", aud: "app" }), null)).resolves.toBeDefined();
    for (const aud of ["other", ["x", "y"], "APP", "app ", [], undefined, { app: true }]) {
      const token = await issuer.sign({ sub: "a", aud } as JWTPayload);
      expect(await reasonOfRefusal(token, "app")).toContain("aud");
    }
  });
});

describe("a token is refused", () => {
  const claims = () => ({ iss: issuer.url, sub: "alice", exp: now() + 600 });

  test.each(["none", "None", "NONE", "nOnE"])("with the algorithm %s, signed or not", async (alg) => {
    const unsigned = `${encode({ alg, kid: issuer.keys[0]!.kid })}.${encode(claims())}`;
    expect(await reasonOfRefusal(`${unsigned}.`)).toBe("it is no compact JWS");
    const signature = (await issuer.sign({ sub: "alice" })).split(".")[2];
    expect(await reasonOfRefusal(`${unsigned}.${signature}`)).toBe("its algorithm is not allowed");
  });

  test.each(["HS256", "HS384", "HS512"])("with %s and the public key as secret", async (alg) => {
    const { kid, publicJwk } = issuer.keys[0]!;
    const { createPublicKey } = await import("node:crypto");
    const publicKey = createPublicKey({ key: publicJwk, format: "jwk" });
    const secrets = [await exportSPKI(publicKey), JSON.stringify(publicJwk), publicJwk.x!];
    for (const secret of secrets) {
      const token = await new SignJWT(claims())
        .setProtectedHeader({ alg, kid })
        .sign(createSecretKey(Buffer.from(secret.padEnd(64, " "))));
      expect(await reasonOfRefusal(token)).toBe("its algorithm is not allowed");
    }
  });

  test("with HS256 under the name of an asymmetric algorithm", async () => {
    const start = `${encode({ alg: "ES256", kid: issuer.keys[0]!.kid })}.${encode(claims())}`;
    const mac = createHmac("sha256", issuer.keys[0]!.publicJwk.x!).update(start).digest("base64url");
    expect(await reasonOfRefusal(`${start}.${mac}`)).toContain("signature");
  });

  test("with another key of the same kid", async () => {
    const key = await makeSigningKey("ES256", issuer.keys[0]!.kid);
    expect(await reasonOfRefusal(await issuer.sign({ sub: "a" }, { key }))).toContain("signature");
  });

  test("with another algorithm than its key is for", async () => {
    const key = await makeSigningKey("RS256", issuer.keys[0]!.kid);
    expect(await reasonOfRefusal(await issuer.sign({ sub: "a" }, { key }))).toContain("no applicable key");
  });

  test("with a key, or the address of one, that it brings along, and nothing is fetched from there", async () => {
    const trap = await startTestIssuer();
    try {
      const key = trap.keys[0]!;
      for (const header of [
        { jwk: key.publicJwk },
        { jku: `${trap.url}/jwks` },
        { x5u: `${trap.url}/jwks` },
        { x5c: ["MIIB"] },
        { jwk: key.publicJwk, kid: issuer.keys[0]!.kid },
        { jku: `${trap.url}/jwks`, kid: issuer.keys[0]!.kid },
      ]) {
        await reasonOfRefusal(await signToken(claims(), key, header));
      }
      expect(trap.requests.size).toBe(0);
    } finally {
      await trap.close();
    }
  });

  test.each([
    "../../dev/null",
    "/dev/null",
    "x' or '1'='1",
    "__proto__",
    "constructor",
    "",
    "\0",
    "a".repeat(2000),
  ])("with the kid %j", async (kid) => {
    const token = await issuer.sign({ sub: "a" }, { key: await makeSigningKey(), header: { kid } });
    expect(await reasonOfRefusal(token)).toContain("no applicable key");
  });

  test.each([1, null, {}, [], true])("with %j for a kid", async (kid) => {
    const key = await makeSigningKey();
    const start = `${encode({ alg: "ES256", kid })}.${encode(claims())}`;
    const signature = (await signToken({ sub: "a" }, key)).split(".")[2];
    await reasonOfRefusal(`${start}.${signature}`);
  });

  test("with an altered payload, header or signature", async () => {
    const [header, , signature] = (await issuer.sign({ sub: "alice" })).split(".");
    const [, payload] = (await issuer.sign({ sub: "alice" })).split(".");
    await reasonOfRefusal(`${header}.${encode({ ...claims(), sub: "admin" })}.${signature}`);
    await reasonOfRefusal(
      `${encode({ alg: "ES256", kid: issuer.keys[0]!.kid, x: 1 })}.${payload}.${signature}`,
    );
    await reasonOfRefusal(`${header}.${payload}.${signature!.slice(0, -4)}AAAA`);
    await reasonOfRefusal(`${header}.${payload}.AA`);
  });

  test("of another issuer, whatever it writes", async () => {
    const other = await startTestIssuer();
    try {
      expect(await reasonOfRefusal(await other.sign({ sub: "a", iss: issuer.url }))).toContain(
        "no applicable key",
      );
    } finally {
      await other.close();
    }
    for (const iss of [
      undefined,
      `${issuer.url}/`,
      issuer.url.toUpperCase(),
      "https://example.com",
      [issuer.url],
    ]) {
      expect(await reasonOfRefusal(await issuer.sign({ sub: "a", iss } as JWTPayload))).toContain("iss");
    }
  });

  test("without an expiry, or with one that is no moment", async () => {
    expect(await reasonOfRefusal(await issuer.sign({ sub: "a", exp: undefined }))).toContain("exp");
    for (const exp of [String(now() + 600), null, true, [now() + 600]]) {
      await reasonOfRefusal(await issuer.sign({ sub: "a", exp: exp as never }));
    }
    const { privateKey, kid } = issuer.keys[0]!;
    const { CompactSign } = await import("jose");
    const text = `{"iss":${JSON.stringify(issuer.url)},"sub":"a","exp":1e999}`;
    const token = await new CompactSign(Buffer.from(text))
      .setProtectedHeader({ alg: "ES256", kid })
      .sign(privateKey);
    expect(await reasonOfRefusal(token)).toBe("its exp is no moment");
  });

  test.each([
    undefined,
    1,
    null,
    true,
    {},
    ["alice"],
    "",
    "a\nb",
    "a\0b",
    "a\x1fb",
    "a\x7f",
    "a\x9b",
    "a".repeat(256),
  ])("with %j for a sub", async (sub) => {
    await reasonOfRefusal(await issuer.sign({ sub } as JWTPayload));
  });

  test("with critical extensions, even one that the library knows", async () => {
    for (const header of [
      { crit: ["b64"], b64: true },
      { crit: ["exp"], exp: 1 },
      { crit: [] },
      { crit: ["http://example.com/x"], "http://example.com/x": 1 },
    ]) {
      const start = `${encode({ alg: "ES256", kid: issuer.keys[0]!.kid, ...header })}.${encode(claims())}`;
      const { subtle } = globalThis.crypto;
      const ecdsa = { name: "ECDSA", hash: "SHA-256" };
      const signature = await subtle.sign(ecdsa, issuer.keys[0]!.privateKey, Buffer.from(start));
      const token = `${start}.${Buffer.from(signature).toString("base64url")}`;
      expect(await reasonOfRefusal(token)).toBe("it has critical extensions");
    }
  });

  test("when it is no token at all", async () => {
    const [header, payload, signature] = (await issuer.sign({ sub: "a" })).split(".");
    for (const text of [
      "",
      ".",
      "..",
      "a.b.c",
      "null.null.null",
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.`,
    ]) {
      await reasonOfRefusal(text);
    }
    await reasonOfRefusal(`${header}.${payload}.${signature}=`);
    await reasonOfRefusal(` ${header}.${payload}.${signature}`);
    await reasonOfRefusal(`${encode([])}.${payload}.${signature}`);
  });

  test("when it or its claims are too long", async () => {
    expect(await reasonOfRefusal(await issuer.sign({ sub: "a", x: "y".repeat(8000) }))).toBe(
      "it is too long",
    );
    expect(await reasonOfRefusal(await issuer.sign({ sub: "a", x: "y".repeat(4096) }))).toBe(
      "its claims are too long",
    );
    await expect(verify(await issuer.sign({ sub: "a", x: "y".repeat(3800) }))).resolves.toBeDefined();
  });
});

test("three parts make a JWT, and one of Postern's own tokens has one", () => {
  expect(looksLikeUserToken("a.b.c")).toBe(true);
  expect(looksLikeUserToken("..")).toBe(true);
  expect(looksLikeUserToken("0".repeat(64))).toBe(false);
  expect(looksLikeUserToken("a.b")).toBe(false);
  expect(looksLikeUserToken("a.b.c.d")).toBe(false);
});

test("what is remembered of issuers has a bound: the oldest of a thousand is forgotten for one more", async () => {
  const asked: string[] = [];
  const moment = new Date();
  const subject = new TokenVerifier({
    rules,
    clock: { now: () => moment },
    async fetchDocument(url) {
      asked.push(url);
      throw new Error("no answer");
    },
  });
  const token = await issuer.sign({ sub: "alice" });
  const ask = (index: number) =>
    subject.verify(token, { issuer: `https://${index}.example.com`, audience: null });
  for (let index = 0; index < 1000; index += 1)
    await expect(ask(index)).rejects.toMatchObject({ code: "Y2011" });
  await expect(ask(0)).rejects.toMatchObject({ code: "Y2011" });
  expect(asked).toHaveLength(1000);
  await expect(ask(1000)).rejects.toMatchObject({ code: "Y2011" });
  await expect(ask(0)).rejects.toMatchObject({ code: "Y2011" });
  expect(asked).toHaveLength(1002);
});
