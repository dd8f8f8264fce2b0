/**
 * In charge of what a JWT proves: that the issuer of a database's client mode signed these claims and that they hold now.
 * A token that does not is refused in the same words, whatever is wrong with it.
 */
import { hash } from "node:crypto";
import {
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from "jose";
import { type Clock, systemClock } from "../base/clock.ts";
import { hasCode, messageOf, PosternError, posternError } from "../base/error.ts";
import type { Observe } from "../base/observation.ts";
import { createIssuerFetch, type FetchIssuerDocument } from "./fetch-issuer-document.ts";
import type { IssuerRules } from "./issuer-address.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import type { VerifiedClaims } from "./principal.ts";
import { readClaims, skewSeconds } from "./read-claims.ts";

export interface IssuerSettings {
  issuer: string;
  /** Null: tokens for whomever are taken. */
  audience: string | null;
}

export interface TokenVerifierOptions {
  rules: IssuerRules;
  clock?: Clock;
  /** Only tests fetch in another way. */
  fetchDocument?: FetchIssuerDocument;
  observe?: Observe;
}

/** Asymmetric ones only: a public key must never pass for a shared secret. */
const algorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
const mostTokenBytes = 8 * 1024;
/** A key that is withdrawn goes on opening for this long at most. */
const cachedMs = 60_000;
const mostCached = 10_000;
const mostIssuers = 1_000;
/** Keys that are tried for a token that names none. */
const mostCandidates = 10;

const tokenPattern = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Three parts: a JWT, good or bad, and never one of Postern's own tokens. */
export const looksLikeUserToken = (token: string): boolean => token.split(".", 4).length === 3;

export class TokenVerifier {
  readonly #clock: Clock;
  readonly #fetchDocument: FetchIssuerDocument;
  readonly #observe: Observe;
  readonly #issuers = new Map<string, IssuerKeys>();
  readonly #cache = new Map<string, { claims: VerifiedClaims; untilMs: number }>();

  constructor({ rules, clock = systemClock, fetchDocument, observe = () => {} }: TokenVerifierOptions) {
    this.#clock = clock;
    this.#fetchDocument = fetchDocument ?? createIssuerFetch(rules);
    this.#observe = observe;
  }

  /** @throws Y2010 for a token that proves nothing, Y2011 when the issuer had to be asked and does not answer */
  async verify(token: string, settings: IssuerSettings): Promise<VerifiedClaims> {
    if (token.length > mostTokenBytes) throw this.#refuse(settings, "it is too long");
    // Another issuer or audience is another question, so a change of either is seen at once.
    const question = `${settings.issuer}\0${JSON.stringify(settings.audience)}\0${token}`;
    const cacheKey = hash("sha256", question, "base64");
    const cached = this.#cache.get(cacheKey);
    const nowMs = this.#clock.now().getTime();
    if (cached && nowMs < cached.untilMs) return cached.claims;
    const claims = await this.#verifyAnew(token, settings);
    this.#remember(cacheKey, claims, nowMs);
    return claims;
  }

  async #verifyAnew(token: string, settings: IssuerSettings): Promise<VerifiedClaims> {
    try {
      checkForm(token);
      const now = this.#clock.now();
      const options: JWTVerifyOptions = {
        algorithms,
        issuer: settings.issuer,
        ...(settings.audience === null ? {} : { audience: settings.audience }),
        requiredClaims: ["exp", "sub"],
        clockTolerance: skewSeconds,
        currentDate: now,
      };
      const payload = await verifySignature(token, this.#keysOf(settings.issuer).find, options);
      return readClaims(payload, now);
    } catch (error) {
      if (error instanceof PosternError && hasCode(error, "Y2011")) throw error;
      throw this.#refuse(settings, messageOf(error));
    }
  }

  #refuse({ issuer }: IssuerSettings, detail: string): PosternError {
    this.#observe({ type: "user_token", event: "refused", issuer, detail });
    return posternError("Y2010", "The token is not valid.", {
      hint: "Get a new one from your app's sign-in.",
    });
  }

  #keysOf(issuer: string): IssuerKeys {
    const known = this.#issuers.get(issuer);
    if (known) return known;
    dropOldest(this.#issuers, mostIssuers);
    const keys = new IssuerKeys({
      issuer,
      fetchDocument: this.#fetchDocument,
      nowMs: () => this.#clock.now().getTime(),
      onFailure: (detail) => this.#observe({ type: "user_token", event: "issuer_failed", issuer, detail }),
    });
    this.#issuers.set(issuer, keys);
    return keys;
  }

  #remember(cacheKey: string, claims: VerifiedClaims, nowMs: number): void {
    this.#cache.delete(cacheKey);
    dropOldest(this.#cache, mostCached);
    this.#cache.set(cacheKey, { claims, untilMs: Math.min(claims.expiresAt * 1000, nowMs + cachedMs) });
  }
}

/** Maps keep the order of arrival. */
function dropOldest(map: Map<string, unknown>, most: number): void {
  if (map.size < most) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}

/** What is refused before any key is looked for. */
function checkForm(token: string): void {
  if (!tokenPattern.test(token)) throw new Error("it is no compact JWS");
  const header = decodeProtectedHeader(token);
  // Extensions that must be understood: none are.
  if (Object.hasOwn(header, "crit")) throw new Error("it has critical extensions");
  if (!algorithms.includes(String(header.alg))) throw new Error("its algorithm is not allowed");
}

async function verifySignature(
  token: string,
  find: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, find, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    for await (const key of error) {
      if (++tried > mostCandidates) break;
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}
