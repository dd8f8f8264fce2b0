/**
 * In charge of client mode's question: may an app's user, or nobody in particular, speak to this database? Where client
 * mode is off the answer is the one of a database that does not exist.
 */
import { type DatabaseId, isDatabaseId } from "../base/id.ts";
import type { ClientPrincipal } from "./principal.ts";
import { invalidToken, missingCredentials } from "./refusals.ts";
import { looksLikeUserToken, type TokenVerifier } from "./token-verifier.ts";

export interface ClientAccess {
  enabled: boolean;
  /** Null: nobody's tokens are taken, so everyone is `anon`. */
  issuer: string | null;
  audience: string | null;
}

/** Undefined for an unknown database. */
export type FindClientAccess = (databaseId: DatabaseId) => Promise<ClientAccess | undefined>;

export interface ClientAuthenticatorOptions {
  findClientAccess: FindClientAccess;
  tokens: Pick<TokenVerifier, "verify">;
  nowMs?: () => number;
}

/** Client mode that was switched off is off a second later, even where nobody told this process of it. */
const freshMs = 1_000;
const mostRemembered = 10_000;

interface RememberedAccess {
  askedAt: number;
  access: Promise<ClientAccess | undefined>;
}

export class ClientAuthenticator {
  readonly #findClientAccess: FindClientAccess;
  readonly #tokens: Pick<TokenVerifier, "verify">;
  readonly #nowMs: () => number;
  readonly #remembered = new Map<DatabaseId, RememberedAccess>();

  constructor({ findClientAccess, tokens, nowMs = () => performance.now() }: ClientAuthenticatorOptions) {
    this.#findClientAccess = findClientAccess;
    this.#tokens = tokens;
    this.#nowMs = nowMs;
  }

  /**
   * A bad token is never taken for none. @throws Y2001 without a token and Y2002 with one where client mode is off or the
   * database unknown, Y2010 for a bad token, Y2011 when the issuer does not answer
   */
  async authenticate(databaseId: string, token: string | undefined): Promise<ClientPrincipal> {
    const access = isDatabaseId(databaseId) ? await this.#accessTo(databaseId) : undefined;
    if (!isDatabaseId(databaseId) || !access?.enabled) {
      throw token === undefined ? missingCredentials() : invalidToken();
    }
    if (token === undefined) return { kind: "client", databaseId, claims: null };
    const { issuer, audience } = access;
    if (issuer === null || !looksLikeUserToken(token)) throw invalidToken();
    return { kind: "client", databaseId, claims: await this.#tokens.verify(token, { issuer, audience }) };
  }

  async isOpen(databaseId: string): Promise<boolean> {
    return isDatabaseId(databaseId) && (await this.#accessTo(databaseId))?.enabled === true;
  }

  /** To be called when client mode was switched on, off or to another issuer: the next request sees it at once. */
  forget(databaseId: DatabaseId): void {
    this.#remembered.delete(databaseId);
  }

  #accessTo(databaseId: DatabaseId): Promise<ClientAccess | undefined> {
    const askedAt = this.#nowMs();
    const known = this.#remembered.get(databaseId);
    if (known && askedAt - known.askedAt < freshMs) return known.access;
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    const fresh = { askedAt, access: this.#findClientAccess(databaseId) };
    this.#remembered.set(databaseId, fresh);
    // A failed look-up is told to those who wait for it, and asked again by the next.
    fresh.access.catch(() => {
      if (this.#remembered.get(databaseId) === fresh) this.#remembered.delete(databaseId);
    });
    return fresh.access;
  }
}
