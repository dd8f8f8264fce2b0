/** Keys are kept, renewed and asked for no more often than an issuer can bear; one that fails locks nobody out. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TokenVerifier } from "../../../src/access/token-verifier.ts";
import type { Observation } from "../../../src/base/observation.ts";
import {
  jsonAnswer,
  makeSigningKey,
  type SigningKey,
  startTestIssuer,
  type TestIssuer,
} from "../../support/test-issuer.ts";
import { waitUntil } from "../../support/wait-until.ts";

const discoveryPath = "/.well-known/openid-configuration";
const minute = 60_000;
const hour = 60 * minute;

let issuer: TestIssuer;
let nowMs: number;
let observed: Observation[];
let verifier: TokenVerifier;

beforeEach(async () => {
  issuer = await startTestIssuer();
  nowMs = Date.now();
  observed = [];
  verifier = new TokenVerifier({
    rules: { allowLoopback: true, allowPrivate: false },
    clock: { now: () => new Date(nowMs) },
    observe: (observation) => observed.push(observation),
  });
});
afterEach(() => issuer.close());

let tokenCount = 0;
/** Each is another, so none is answered from memory; it holds for days. */
const newToken = (key?: SigningKey) => {
  tokenCount += 1;
  const claims = { sub: "alice", jti: String(tokenCount), exp: Math.floor(nowMs / 1000) + 90_000 };
  return issuer.sign(claims, key ? { key } : {});
};
const verify = (token: string, audience: string | null = null) =>
  verifier.verify(token, { issuer: issuer.url, audience });
const codeOf = (token: string, audience: string | null = null) =>
  verify(token, audience).then(
    () => "ok",
    (error: { code: string }) => error.code,
  );
const fetches = () => issuer.requests.get("/jwks") ?? 0;
const failures = () =>
  observed.flatMap((entry) =>
    entry.type === "user_token" && entry.event === "issuer_failed" ? [entry.detail] : [],
  );
const breakIssuer = () => issuer.answer(discoveryPath, jsonAnswer({}, 500));
const mendIssuer = () => issuer.answer(discoveryPath, undefined);

describe("keys", () => {
  test("are fetched once for many tokens, also for those that come at the same time", async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => newToken()));
    expect(await Promise.all(tokens.map((token) => codeOf(token)))).toEqual(Array(20).fill("ok"));
    expect(fetches()).toBe(1);
    expect(issuer.requests.get(discoveryPath)).toBe(1);
  });

  test("that rotate are found when a token names a new one, and the old ones open nothing then", async () => {
    const old = issuer.keys[0]!;
    await verify(await newToken());
    nowMs += 31_000;
    await issuer.rotate();
    expect(await codeOf(await newToken())).toBe("ok");
    expect(fetches()).toBe(2);
    expect(await codeOf(await newToken(old))).toBe("Y2010");
  });

  test("that rotate to another algorithm are found too", async () => {
    await verify(await newToken());
    nowMs += 31_000;
    await issuer.rotate("RS256");
    expect(await codeOf(await newToken())).toBe("ok");
  });

  test("with made-up names are asked for once in 30 seconds, however many come", async () => {
    await verify(await newToken());
    const forger = await makeSigningKey();
    const forge = async (count: number) => {
      const keys = Array.from({ length: count }, (_, index) => ({ ...forger, kid: `made-up-${index}` }));
      return Promise.all(keys.map(async (key) => codeOf(await newToken(key))));
    };
    nowMs += 31_000;
    expect(await forge(200)).toEqual(Array(200).fill("Y2010"));
    expect(fetches()).toBe(2);
    nowMs += 29_000;
    expect(await forge(50)).toEqual(Array(50).fill("Y2010"));
    expect(fetches()).toBe(2);
    nowMs += 2_000;
    await forge(50);
    expect(fetches()).toBe(3);
    expect(await codeOf(await newToken())).toBe("ok");
  });

  test("are renewed in the background from half of their ten minutes on", async () => {
    await verify(await newToken());
    nowMs += 4 * minute;
    await verify(await newToken());
    expect(fetches()).toBe(1);
    nowMs += 2 * minute;
    await verify(await newToken());
    await waitUntil("the keys are fetched again", async () => fetches() === 2);
  });

  test("that were withdrawn open nothing after ten minutes, even where nobody asked in between", async () => {
    const withdrawn = issuer.keys[0]!;
    await verify(await newToken());
    await issuer.rotate();
    nowMs += 10 * minute;
    expect(await codeOf(await newToken(withdrawn))).toBe("Y2010");
  });

  test("that are all withdrawn let nobody in", async () => {
    const withdrawn = issuer.keys[0]!;
    await verify(await newToken());
    issuer.keys.length = 0;
    nowMs += 10 * minute;
    expect(await codeOf(await newToken(withdrawn))).toBe("Y2010");
    expect(failures()).toEqual([]);
  });

  test("that are secret, private or of no known kind verify nothing, and the others still do", async () => {
    const [key] = issuer.keys as [SigningKey];
    const secret = { kty: "oct", kid: "shared", k: "c2VjcmV0", alg: "HS256" };
    const odd = [
      { kty: "XX", kid: "odd" },
      null,
      "text",
      { kid: "kindless" },
      { ...key.publicJwk, kid: "leaked", d: "AA" },
    ];
    issuer.answer("/jwks", jsonAnswer({ keys: [secret, ...odd, key.publicJwk] }));
    expect(await codeOf(await newToken())).toBe("ok");
    expect(await codeOf(await newToken({ ...key, kid: "leaked" }))).toBe("Y2010");
  });
});

describe("an issuer that fails", () => {
  test("is a fault of its own, not of the token", async () => {
    breakIssuer();
    const error = await verify(await newToken()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "Y2011" });
    expect((error as { detail?: string }).detail).toBeUndefined();
    expect(failures()).toEqual([expect.stringContaining("answered 500")]);
  });

  test("is asked again after five seconds where no key is known, and not before", async () => {
    breakIssuer();
    expect(await Promise.all([codeOf(await newToken()), codeOf(await newToken())])).toEqual([
      "Y2011",
      "Y2011",
    ]);
    mendIssuer();
    nowMs += 4_000;
    expect(await codeOf(await newToken())).toBe("Y2011");
    expect(issuer.requests.get(discoveryPath)).toBe(1);
    nowMs += 2_000;
    expect(await codeOf(await newToken())).toBe("ok");
  });

  test("locks nobody out whose key is known, for a day; other keys are told that it fails", async () => {
    await verify(await newToken());
    await issuer.stop();
    for (const passed of [9 * minute, 2 * minute, hour, 20 * hour]) {
      nowMs += passed;
      expect(await codeOf(await newToken())).toBe("ok");
      expect(await codeOf(await newToken(await makeSigningKey()))).toBe("Y2011");
    }
    nowMs += 4 * hour;
    expect(await codeOf(await newToken())).toBe("Y2011");
    await issuer.start();
    nowMs += 31_000;
    expect(await codeOf(await newToken())).toBe("ok");
  });

  test("makes a request wait for it once in 30 seconds at most", async () => {
    await verify(await newToken());
    breakIssuer();
    nowMs += 11 * minute;
    expect(await codeOf(await newToken())).toBe("ok");
    const asked = issuer.requests.get(discoveryPath);
    for (let count = 0; count < 20; count += 1) expect(await codeOf(await newToken())).toBe("ok");
    expect(issuer.requests.get(discoveryPath)).toBe(asked);
  });

  test.each([
    [
      "redirects its discovery",
      discoveryPath,
      (_: unknown, response: import("node:http").ServerResponse) =>
        response.writeHead(302, { location: "/jwks" }).end(),
    ],
    [
      "redirects its keys",
      "/jwks",
      (_: unknown, response: import("node:http").ServerResponse) =>
        response.writeHead(307, { location: "/other" }).end(),
    ],
    ["has a list for a discovery document", discoveryPath, jsonAnswer([])],
    [
      "has a discovery document that is no JSON",
      discoveryPath,
      (_: unknown, response: import("node:http").ServerResponse) => response.end("hello"),
    ],
    ["has no list of keys", "/jwks", jsonAnswer({ keys: {} })],
    ["has null for keys", "/jwks", jsonAnswer(null)],
    ["has a huge list of keys", "/jwks", jsonAnswer({ keys: [], padding: "x".repeat(70_000) })],
  ] as const)("because it %s lets nobody in", async (_what, path, listener) => {
    issuer.answer(path, listener as import("node:http").RequestListener);
    expect(await codeOf(await newToken())).toBe("Y2011");
    expect(failures()).toHaveLength(1);
    issuer.answer(path, undefined);
    nowMs += 6_000;
    expect(await codeOf(await newToken())).toBe("ok");
  });

  test.each([
    undefined,
    null,
    "https://other.example.com",
    "http://127.0.0.1",
    (url: string) => `${url}/`,
    (url: string) => [url],
  ])(
    "because its discovery document is of the issuer %s lets nobody in, though its keys are there",
    async (other) => {
      const named = typeof other === "function" ? other(issuer.url) : other;
      issuer.answer(discoveryPath, jsonAnswer({ issuer: named, jwks_uri: `${issuer.url}/jwks` }));
      expect(await codeOf(await newToken())).toBe("Y2011");
      expect(failures()).toEqual(["the discovery document is of another issuer"]);
    },
  );

  test.each([
    undefined,
    1,
    "",
    "keys",
    "file:///etc/passwd",
    "http://10.0.0.1/jwks",
    "http://169.254.169.254/",
    "https://10.0.0.1/jwks",
    "http://example.com/jwks",
  ])("because its jwks_uri is %j lets nobody in", async (jwksUri) => {
    issuer.answer(discoveryPath, jsonAnswer({ issuer: issuer.url, jwks_uri: jwksUri }));
    expect(await codeOf(await newToken())).toBe("Y2011");
    expect(fetches()).toBe(0);
  });
});

describe("a token that was verified", () => {
  test("is not verified again for a minute, and its key's withdrawal is noticed after that", async () => {
    const token = await newToken();
    const claims = await verify(token);
    nowMs += 59_000;
    await issuer.rotate();
    await verify(await newToken());
    expect(await verify(token)).toBe(claims);
    nowMs += 2_000;
    expect(await codeOf(token)).toBe("Y2010");
  });

  test("is not taken for longer than it holds", async () => {
    const token = await issuer.sign({ sub: "alice", exp: Math.floor(nowMs / 1000) + 20 });
    expect(await codeOf(token)).toBe("ok");
    nowMs += 26_000;
    expect(await codeOf(token)).toBe("Y2010");
  });

  test("is not taken from memory for another issuer or another audience", async () => {
    const token = await issuer.sign({ sub: "alice", aud: "app" });
    expect(await codeOf(token, "app")).toBe("ok");
    expect(await codeOf(token, "other")).toBe("Y2010");
    expect(await codeOf(token, "null")).toBe("Y2010");
    expect(await codeOf(token)).toBe("ok");
    const other = await startTestIssuer();
    try {
      await expect(verifier.verify(token, { issuer: other.url, audience: "app" })).rejects.toMatchObject({
        code: "Y2010",
      });
    } finally {
      await other.close();
    }
  });
});
