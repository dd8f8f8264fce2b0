/**
 * In charge of the public keys of one issuer: found by discovery, kept, renewed in time, and asked for again when a token
 * names one that is not among them. An issuer that fails does not lock out those whose keys are known.
 */
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JWK, type JWSHeaderParameters } from "jose";
import { messageOf, posternError } from "../base/error.ts";
import type { FetchIssuerDocument } from "./fetch-issuer-document.ts";

/** Keys are asked for again after this time, and in the background from half of it on. */
const freshMs = 10 * 60_000;
/** An issuer that cannot be reached is believed for this long: one that is down must not sign everybody out. */
const believedMs = 24 * 60 * 60_000;
/** Anyone can make up names of keys: asking for them is rationed. */
const cooldownMs = 30_000;
/** Without any key nothing works, and whoever just started the issuer should not wait long. */
const cooldownWithoutKeysMs = 5_000;

type KeySet = ReturnType<typeof createLocalJWKSet>;

export interface IssuerKeysOptions {
  issuer: string;
  fetchDocument: FetchIssuerDocument;
  nowMs: () => number;
  /** Hears why the issuer could not be asked. */
  onFailure: (detail: string) => void;
}

export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #keys: { find: KeySet; fetchedAt: number } | undefined;
  #askedAt: number | undefined;
  #failed = false;
  #pending: Promise<void> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /**
   * The key of a token's header, as jose asks for it. @throws jose's errors when no key or more than one fits, Y2011 when
   * the issuer would have to be asked and does not answer
   */
  readonly find = async (header: JWSHeaderParameters, token: FlattenedJWSInput) => {
    await this.#freshen();
    try {
      return await this.#known().find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#ask();
      if (this.#failed) throw unavailable(this.#options.issuer);
      return this.#known().find(header, token);
    }
  };

  /** Whoever comes first after the keys' time waits for new ones, but not for an issuer that just failed. */
  async #freshen(): Promise<void> {
    const age = this.#keys === undefined ? Number.POSITIVE_INFINITY : this.#ageOf(this.#keys.fetchedAt);
    if (age < freshMs / 2) return;
    const asked = this.#ask();
    if (age >= believedMs || (age >= freshMs && !this.#failed)) await asked;
  }

  #known(): { find: KeySet } {
    if (this.#keys === undefined || this.#ageOf(this.#keys.fetchedAt) >= believedMs) {
      throw unavailable(this.#options.issuer);
    }
    return this.#keys;
  }

  /** Asks, unless that was done a moment ago; never rejects. Several callers share one question. */
  #ask(): Promise<void> {
    if (this.#pending) return this.#pending;
    const cooldown = this.#keys === undefined ? cooldownWithoutKeysMs : cooldownMs;
    if (this.#askedAt !== undefined && this.#ageOf(this.#askedAt) < cooldown) return Promise.resolve();
    this.#askedAt = this.#options.nowMs();
    this.#pending = this.#fetch().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #fetch(): Promise<void> {
    const { issuer, fetchDocument, nowMs } = this.#options;
    try {
      const discovery = await fetchDocument(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
      const keys = readKeySet(await fetchDocument(readKeysUrl(discovery, issuer)));
      this.#keys = { find: createLocalJWKSet({ keys }), fetchedAt: nowMs() };
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      this.#options.onFailure(messageOf(error));
    }
  }

  /** A clock that was set back makes everything old rather than young for ever. */
  #ageOf(moment: number): number {
    const age = this.#options.nowMs() - moment;
    return age < 0 ? Number.POSITIVE_INFINITY : age;
  }
}

function readKeysUrl(discovery: unknown, issuer: string): string {
  if (!isObject(discovery)) throw new Error("the discovery document is no JSON object");
  // OpenID Connect Discovery 4.3: else one issuer could speak with another's keys.
  if (discovery.issuer !== issuer) throw new Error("the discovery document is of another issuer");
  if (typeof discovery.jwks_uri !== "string") throw new Error("the discovery document has no jwks_uri");
  return discovery.jwks_uri;
}

/** Only public keys of asymmetric kinds: whatever else is published verifies nothing. None at all: nobody is let in. */
function readKeySet(document: unknown): JWK[] {
  if (!isObject(document) || !Array.isArray(document.keys)) throw new Error("the key set has no keys");
  return document.keys.filter(
    (key): key is JWK =>
      isObject(key) && ["RSA", "EC", "OKP"].includes(String(key.kty)) && !Object.hasOwn(key, "d"),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const unavailable = (issuer: string) =>
  posternError("Y2011", `The issuer of this database's tokens does not answer: ${issuer}`, {
    hint: "Try again in a moment; its owner finds the reason in `postern logs`.",
  });
