/** Tokens that prove nothing. Whichever way they come, they open nothing, and nobody learns what was wrong with them. */
import { createHmac, randomUUID, webcrypto } from "node:crypto";
import { exportSPKI, importJWK, type JWTPayload } from "jose";
import { expect } from "vitest";
import { attackClass, attackIt } from "../../support/attack-count.ts";
import type { Battlefield } from "../../support/battlefield.ts";
import { makeSigningKey, type SigningKey, signToken, startTestIssuer } from "../../support/test-issuer.ts";
import { waitUntil } from "../../support/wait-until.ts";

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

interface Material {
  battlefield: Battlefield;
  /** Of bob's: what an attacker would like to have a signature for. */
  claims: JWTPayload;
  key: SigningKey;
  /** A good token of alice's, in its parts. */
  good: [header: string, payload: string, signature: string];
}
type Forgery = [what: string, forge: (material: Material) => string | Promise<string>];

const unsigned = (header: object, claims: JWTPayload, signature = ""): string =>
  `${encode(header)}.${encode(claims)}.${signature}`;
function hmac(header: object, claims: JWTPayload, secret: string | Buffer): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
/** What the issuer's library refuses to sign. */
async function signRaw(header: object, claims: JWTPayload, { privateKey }: SigningKey): Promise<string> {
  const signed = `${encode(header)}.${encode(claims)}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await webcrypto.subtle.sign(algorithm, privateKey, Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}

const claiming = (what: string, claims: JWTPayload, header = {}): Forgery => [
  what,
  ({ battlefield }) => battlefield.issuer.sign({ sub: "bob", aud: "app", ...claims }, { header }),
];
const withHeader = (what: string, header: object): Forgery => [
  what,
  async ({ claims, key }) => signToken(claims, await makeSigningKey("ES256", key.kid), header as never),
];

const forgeries: Forgery[] = [
  ["alg none", ({ claims }) => unsigned({ alg: "none" }, claims)],
  ["alg None", ({ claims }) => unsigned({ alg: "None" }, claims)],
  [
    "alg none, with a signature of another's",
    ({ claims, good }) => unsigned({ alg: "none" }, claims, good[2]),
  ],
  ["no alg", ({ claims, key, good }) => unsigned({ kid: key.kid }, claims, good[2])],
  [
    "alg as a list",
    ({ claims, key, good }) => unsigned({ alg: ["ES256", "none"], kid: key.kid }, claims, good[2]),
  ],
  ["no signature", ({ claims, key }) => unsigned({ alg: "ES256", kid: key.kid }, claims)],
  [
    "a signature of zeros",
    ({ claims, key }) => unsigned({ alg: "ES256", kid: key.kid }, claims, encode(Buffer.alloc(64) as never)),
  ],
  [
    "a signature of nothing but zero numbers",
    ({ claims, key }) =>
      unsigned({ alg: "ES256", kid: key.kid }, claims, Buffer.alloc(64).toString("base64url")),
  ],
  [
    "HS256 with the public key as its secret",
    async ({ claims, key }) => {
      const spki = await exportSPKI(
        (await importJWK(key.publicJwk, "ES256", { extractable: true })) as never,
      );
      return hmac({ alg: "HS256", kid: key.kid }, claims, spki);
    },
  ],
  [
    "HS256 with the public JWK as its secret",
    ({ claims, key }) => hmac({ alg: "HS256", kid: key.kid }, claims, JSON.stringify(key.publicJwk)),
  ],
  ["HS256 with an empty secret", ({ claims }) => hmac({ alg: "HS256" }, claims, "")],
  [
    "another key under the same kid",
    async ({ claims, key }) => signToken(claims, await makeSigningKey("ES256", key.kid)),
  ],
  [
    "another kind of key under the same kid",
    async ({ claims, key }) => signToken(claims, await makeSigningKey("EdDSA", key.kid)),
  ],
  ["a key that nobody has published", async ({ claims }) => signToken(claims, await makeSigningKey())],
  [
    "a key that it brings along",
    async ({ claims, key }) => {
      const own = await makeSigningKey("ES256", key.kid);
      return signToken(claims, own, { jwk: own.publicJwk });
    },
  ],
  withHeader("the address of a key", { jku: "http://127.0.0.1:1/jwks" }),
  withHeader("the address of a certificate", { x5u: "http://127.0.0.1:1/x" }),
  withHeader("a certificate", { x5c: ["MIIB"] }),
  withHeader("a kid that is a path", { kid: "../../../../dev/null" }),
  withHeader("a kid that is SQL", { kid: "' or true --" }),
  withHeader("a kid that is an address", { kid: "http://127.0.0.1:1/jwks" }),
  withHeader("a kid of every object's", { kid: "__proto__" }),
  withHeader("a kid that is no text", { kid: 1 }),
  [
    "critical extensions",
    ({ claims, key }) => signRaw({ alg: "ES256", kid: key.kid, crit: ["x"], x: 1 }, claims, key),
  ],
  claiming("an unencoded payload", {}, { crit: ["b64"], b64: true }),
  ["an altered payload", ({ good, claims }) => `${good[0]}.${encode(claims)}.${good[2]}`],
  [
    "an altered header",
    ({ good, key }) => `${encode({ alg: "ES256", kid: key.kid, x: 1 })}.${good[1]}.${good[2]}`,
  ],
  ["a shortened signature", ({ good }) => `${good[0]}.${good[1]}.${good[2].slice(0, -4)}`],
  ["a lengthened one", ({ good }) => `${good[0]}.${good[1]}.${good[2]}AAAA`],
  [
    "the signature of another token",
    async ({ battlefield, good }) => {
      const other = (await battlefield.tokenOf("bob")).split(".");
      return `${other[0]}.${other[1]}.${good[2]}`;
    },
  ],
  [
    "a token that has run out",
    async ({ battlefield }) => battlefield.tokenOf("bob", { exp: secondsFromNow(-60) }),
  ],
  claiming("one that never runs out", { exp: undefined }),
  claiming("an expiry in words", { exp: "9999999999" as never }),
  claiming("an expiry that is nothing", { exp: null as never }),
  claiming("one that is not yet good", { nbf: Math.floor(Date.now() / 1000) + 600 }),
  claiming("one from the future", { iat: Math.floor(Date.now() / 1000) + 600 }),
  claiming("another issuer's name", { iss: "https://evil.example.com" }),
  claiming("no issuer", { iss: undefined }),
  [
    "an issuer with a slash more",
    ({ battlefield }) => battlefield.tokenOf("bob", { iss: `${battlefield.issuer.url}/` }),
  ],
  [
    "a list of issuers",
    ({ battlefield }) => battlefield.tokenOf("bob", { iss: [battlefield.issuer.url] as never }),
  ],
  [
    "a token of another issuer's",
    async ({ battlefield }) => {
      const other = await startTestIssuer();
      const token = await other.sign({ sub: "bob", aud: "app", iss: battlefield.issuer.url });
      await other.close();
      return token;
    },
  ],
  claiming("another application's audience", { aud: "other" }),
  claiming("an audience that begins alike", { aud: "app2" }),
  claiming("no audience", { aud: undefined }),
  claiming("an empty list of audiences", { aud: [] }),
  claiming("no subject", { sub: undefined }),
  claiming("an empty subject", { sub: "" }),
  claiming("a number for a subject", { sub: 1 as never }),
  claiming("a list of subjects", { sub: ["bob"] as never }),
  claiming("an object for a subject", { sub: { toString: "bob" } as never }),
  claiming("nothing for a subject", { sub: null as never }),
  claiming("a subject with the separator of subject and claims", { sub: 'bob\x1f{"role":"admin"}' }),
  claiming("a subject that ends in NUL", { sub: "bob\0" }),
  claiming("a subject of two lines", { sub: "bob\nalice" }),
  claiming("a subject that is deleted", { sub: "bob\x7f" }),
  claiming("a subject with half a character", { sub: "bob\ud800" }),
  claiming("a subject that is too long", { sub: "b".repeat(256) }),
  claiming("claims of five kilobytes", { note: "x".repeat(5_000) }),
  claiming("claims that Postgres cannot hold", { note: "\0" }),
  ["nine kilobytes", ({ good }) => `${good[0]}.${"A".repeat(9_000)}.${good[2]}`],
  ["a payload that is no JSON", ({ good }) => `${good[0]}.${encode("bob")}.${good[2]}`],
  ["a header that is no JSON", ({ good }) => `${encode("ES256")}.${good[1]}.${good[2]}`],
  ["a header that is a list", ({ good }) => `${encode([])}.${good[1]}.${good[2]}`],
];

/** Tokens that are not even three parts. */
const scraps: Forgery[] = [
  ["two parts", ({ good }) => `${good[0]}.${good[1]}`],
  ["four parts", ({ good }) => `${good.join(".")}.${good[2]}`],
  ["five parts, as if encrypted", ({ good }) => `${good.join(".")}.${good[2]}.${good[2]}`],
  ["three empty parts", () => ".."],
  [
    "JSON",
    ({ good }) => encode({ payload: good[1], signatures: [{ protected: good[0], signature: good[2] }] }),
  ],
  ["a word", () => "null"],
  ["64 digits of nobody's", () => "0".repeat(64)],
  ["an API key of nobody's", () => `pk_${"0".repeat(64)}`],
];

export function forgeTokens(battlefield: () => Battlefield): void {
  attackClass("Forging tokens", ["over HTTP"], () => {
    for (const [what, forge] of forgeries) attackIt(what, () => expectRefused(battlefield(), forge, "Y2010"));
    for (const [what, forge] of scraps)
      attackIt(what, () => expectRefused(battlefield(), forge, /^Y20(02|10)$/));

    attackIt("a token that runs out after it was believed", async () => {
      const { fields, tokenOf } = battlefield();
      // Clocks may differ by five seconds.
      const token = await tokenOf("bob", { exp: secondsFromNow(-3) });
      const status = async () =>
        (await fields.shared.raw({ headers: { authorization: `Bearer ${token}` } })).status;
      expect(await status()).toBe(200);
      await waitUntil("it is refused", async () => (await status()) === 401);
    });

    attackIt(
      "a flood of unknown keys asks the issuer next to nothing, and others' tokens go on opening",
      async () => {
        const { fields, issuer, tokenOf } = battlefield();
        const own = await makeSigningKey();
        const before = issuer.requests.get("/jwks") ?? 0;
        const claims = { sub: "bob", aud: "app", iss: issuer.url, exp: secondsFromNow(600) };
        const tokens = await Promise.all(
          Array.from({ length: 60 }, () => signToken(claims, own, { kid: randomUUID() })),
        );
        const answers = await Promise.all(
          tokens.map((token) => fields.shared.raw({ headers: { authorization: `Bearer ${token}` } })),
        );
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
        // The worker's and the daemon's, once each.
        expect((issuer.requests.get("/jwks") ?? 0) - before).toBeLessThanOrEqual(2);
        const authorization = `Bearer ${await tokenOf(`new-${randomUUID()}`)}`;
        expect((await fields.shared.raw({ headers: { authorization } })).status).toBe(200);
      },
    );

    attackIt("a token of one database's users at one that trusts nobody", async () => {
      const { fields, neighbour, tokenOf } = battlefield();
      const authorization = `Bearer ${await tokenOf("bob")}`;
      const path = `/v1/db/${neighbour.id}/query`;
      const answer = await fields.shared.raw({ path, headers: { authorization } });
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([401, "Y2002"]);
    });
  });
}

/** By the plain way, by the framework's, and as the Neon driver sends it. */
async function expectRefused(
  battlefield: Battlefield,
  forge: Forgery[1],
  code: string | RegExp,
): Promise<void> {
  const { issuer, fields, tokenOf } = battlefield;
  const claims = { sub: "bob", aud: "app", iss: issuer.url, exp: secondsFromNow(600) };
  const good = (await tokenOf("alice")).split(".") as Material["good"];
  const token = await forge({ battlefield, claims, key: issuer.keys.at(-1)!, good });
  const authorization = `Bearer ${token}`;
  const field = fields.shared;
  const neon = {
    "neon-connection-string": "postgresql://authenticated@127.0.0.1/any",
    "content-type": "text/plain",
  };
  const answers = await Promise.all([
    field.raw({ headers: { authorization } }),
    field.raw({ headers: { authorization, "server-timing": "1" } }),
    field.raw({
      path: `/v1/db/${field.id}/sql`,
      headers: { authorization, ...neon },
      body: '{"query":"select auth.uid()","params":[]}',
    }),
  ]);
  // Every error is a 400 to the Neon driver, which does not know others.
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 400]);
  for (const { text } of answers) {
    expect(text).not.toContain("bob");
    expect(JSON.parse(text).code).toMatch(code);
  }
  const bodies = answers.slice(0, 2).map(({ text }) => ({ ...JSON.parse(text), request_id: "" }));
  expect(bodies[0]).toEqual(bodies[1]);
}
