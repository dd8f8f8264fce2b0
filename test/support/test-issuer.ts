/** In charge of an issuer of tokens for tests: discovery and keys over HTTP on loopback, and tokens signed as asked. */
import type { webcrypto } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import {
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";

export interface SigningKey {
  kid: string;
  alg: string;
  privateKey: webcrypto.CryptoKey;
  publicJwk: JWK;
}

export interface SignOptions {
  /** Merged into the header after alg and kid; undefined takes a field away. */
  header?: Partial<JWTHeaderParameters> & Record<string, unknown>;
  key?: SigningKey;
}

export interface TestIssuer {
  /** As `iss` of its tokens has it. */
  readonly url: string;
  /** The keys that it publishes; the last is the one that signs. */
  readonly keys: SigningKey[];
  /** How often each path was asked for. */
  readonly requests: Map<string, number>;
  /** Signs with `iss`, `iat` and `exp` in an hour; a claim that is given as undefined is left out. */
  sign(claims: JWTPayload, options?: SignOptions): Promise<string>;
  /** Publishes a new key, signs with it from now on, and takes the old ones away. */
  rotate(alg?: string): Promise<SigningKey>;
  /** Answers the path in another way than it should; undefined makes it right again. */
  answer(path: string, listener: RequestListener | undefined): void;
  /** Breaks off all connections; it can be started again at the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

let keyCount = 0;

export async function makeSigningKey(alg = "ES256", kid?: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  keyCount += 1;
  const name = kid ?? `key-${keyCount}`;
  return {
    kid: name,
    alg,
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), kid: name, alg, use: "sig" },
  };
}

export async function signToken(
  claims: JWTPayload,
  key: SigningKey,
  header: SignOptions["header"] = {},
): Promise<string> {
  const whole = { alg: key.alg, kid: key.kid, typ: "JWT", ...header };
  return new SignJWT(withoutUndefined(claims))
    .setProtectedHeader(withoutUndefined(whole) as JWTHeaderParameters)
    .sign(key.privateKey);
}

const withoutUndefined = <Value extends object>(value: Value) =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Value;

export const jsonAnswer =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };

export async function startTestIssuer(options: { alg?: string; path?: string } = {}): Promise<TestIssuer> {
  const path = options.path ?? "";
  const keys = [await makeSigningKey(options.alg)];
  const requests = new Map<string, number>();
  const answers = new Map<string, RequestListener>();
  const server = createServer((request, response) => {
    const asked = request.url ?? "";
    requests.set(asked, (requests.get(asked) ?? 0) + 1);
    const special = answers.get(asked);
    if (special) return special(request, response);
    if (asked === `${path}/.well-known/openid-configuration`) {
      return jsonAnswer({ issuer: url, jwks_uri: `${origin}/jwks` })(request, response);
    }
    if (asked === "/jwks") return jsonAnswer({ keys: keys.map((key) => key.publicJwk) })(request, response);
    return jsonAnswer({ error: "not_found" }, 404)(request, response);
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}${path}`;
  return {
    url,
    keys,
    requests,
    sign(claims, { header, key = keys.at(-1)! } = {}) {
      const now = Math.floor(Date.now() / 1000);
      return signToken({ iss: url, iat: now, exp: now + 3600, ...claims }, key, header);
    },
    async rotate(alg = options.alg) {
      const key = await makeSigningKey(alg);
      keys.splice(0, keys.length, key);
      return key;
    },
    answer(at, listener) {
      if (listener) answers.set(at, listener);
      else answers.delete(at);
    },
    stop,
    start: () => listen(port),
    close: async () => {
      if (server.listening) await stop();
    },
  };
}
