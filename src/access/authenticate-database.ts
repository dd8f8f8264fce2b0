/**
 * In charge of finding out who asks a database: the hot path of SQL over HTTP. An unknown database and a wrong token look
 * alike.
 */
import { type DatabaseId, isDatabaseId, type TokenId } from "../base/id.ts";
import { findByDigest, hashSecret } from "../base/secrets.ts";
import type { KnownToken } from "../state/tokens.ts";
import type { ClientAuthenticator } from "./authenticate-client.ts";
import type { ClientPrincipal, DatabasePrincipal } from "./principal.ts";
import { invalidToken, missingCredentials } from "./refusals.ts";

export const tokenPattern = /^[0-9a-f]{64}$/;

/** A revoked token opens nothing a second later, even where nobody told this process of it. */
const freshMs = 1_000;
/** Ids are the caller's to make up: what is remembered of them must not grow without end. */
const mostRemembered = 10_000;

/** How often the use of a token is told. */
const noteEveryMs = 60_000;

interface RememberedTokens {
  /** When they were asked for: the moment from which they may be out of date. */
  askedAt: number;
  tokens: Promise<KnownToken[]>;
  /** Once they are here. */
  known: KnownToken[] | undefined;
  owner: DatabasePrincipal;
  reader: DatabasePrincipal;
  /** Whom tenants' tokens speak for, made when first asked. */
  tenants: Map<TokenId, ClientPrincipal>;
}

export interface TokenLookups {
  /** The tokens that open the database; none when there is no such database. */
  knownTokens(databaseId: DatabaseId): Promise<KnownToken[]>;
  /** A token was used; told about once a minute. */
  noteUse(id: TokenId): void;
}

/** Who comes with one of the database's own tokens. */
export type TokenPrincipal = DatabasePrincipal | ClientPrincipal;

export class DatabaseAuthenticator {
  readonly #lookups: TokenLookups;
  readonly #nowMs: () => number;
  readonly #clients: ClientAuthenticator | undefined;
  readonly #remembered = new Map<string, RememberedTokens>();
  /** When the use of a token was told last. */
  readonly #noted = new Map<TokenId, number>();

  /** @param clients without it, client mode is off everywhere */
  constructor(
    lookups: TokenLookups,
    nowMs: () => number = () => performance.now(),
    clients?: ClientAuthenticator,
  ) {
    this.#lookups = lookups;
    this.#nowMs = nowMs;
    this.#clients = clients;
  }

  /** Does the token open this database? @throws Y2002, the same for an unknown database and for a wrong token. */
  async authenticateDatabase(databaseId: string, token: string): Promise<TokenPrincipal> {
    if (!isDatabaseId(databaseId) || !tokenPattern.test(token)) throw invalidToken();
    const remembered = this.#tokensOf(databaseId);
    remembered.known ??= await remembered.tokens;
    return this.#match(databaseId, remembered, hashSecret(token));
  }

  /**
   * The same where the answer is at hand, without waiting a turn: undefined when the database has to be asked for first.
   * @param digest of a token of the right form, by `hashSecret`
   * @throws Y2002
   */
  authenticateAtOnce(databaseId: string, digest: Buffer): TokenPrincipal | undefined {
    const remembered = this.#remembered.get(databaseId);
    if (remembered?.known === undefined || this.#nowMs() - remembered.askedAt >= freshMs) return undefined;
    return this.#match(databaseId as DatabaseId, remembered, digest);
  }

  /**
   * Who speaks to a database without one of its own tokens: an app's user by a JWT, or nobody in particular.
   * @throws Y2001 Y2002 where client mode is off or the database unknown, Y2010 for a bad JWT, Y2011
   */
  async authenticateClient(databaseId: string, token: string | undefined): Promise<ClientPrincipal> {
    if (this.#clients) return this.#clients.authenticate(databaseId, token);
    throw token === undefined ? missingCredentials() : invalidToken();
  }

  /** May pages of other sites ask it? */
  async isOpenToClients(databaseId: string): Promise<boolean> {
    return this.#clients?.isOpen(databaseId) ?? false;
  }

  #match(databaseId: DatabaseId, remembered: RememberedTokens, digest: Buffer): TokenPrincipal {
    const { known, owner, reader } = remembered;
    const found = findByDigest(digest, known!);
    if (!found || (found.expiresAtMs !== null && found.expiresAtMs <= Date.now())) throw invalidToken();
    this.noteUse(found.id);
    if (found.tenant !== null) return tenantOf(databaseId, remembered, { ...found, tenant: found.tenant });
    return found.readOnly ? reader : owner;
  }

  protected noteUse(id: TokenId): void {
    const now = this.#nowMs();
    const last = this.#noted.get(id);
    if (last !== undefined && now - last < noteEveryMs) return;
    if (this.#noted.size >= mostRemembered) this.#noted.clear();
    this.#noted.set(id, now);
    this.#lookups.noteUse(id);
  }

  /** To be called when tokens or client mode of a database changed: the next request sees it at once. */
  forget(databaseId: DatabaseId): void {
    this.#remembered.delete(databaseId);
    this.#clients?.forget(databaseId);
  }

  #tokensOf(databaseId: DatabaseId): RememberedTokens {
    const askedAt = this.#nowMs();
    const known = this.#remembered.get(databaseId);
    if (known && askedAt - known.askedAt < freshMs) return known;
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    const fresh: RememberedTokens = {
      askedAt,
      tokens: this.#lookups.knownTokens(databaseId),
      known: undefined,
      owner: { kind: "database", databaseId },
      reader: { kind: "database", databaseId, readOnly: true },
      tenants: new Map(),
    };
    this.#remembered.set(databaseId, fresh);
    // A failed look-up is told to those who wait for it, and asked again by the next.
    fresh.tokens.catch(() => {
      if (this.#remembered.get(databaseId) === fresh) this.#remembered.delete(databaseId);
    });
    return fresh;
  }
}

/** A tenant is a client: row security holds it, and it never becomes the owner. */
function tenantOf(
  databaseId: DatabaseId,
  { tenants }: RememberedTokens,
  { id: token, tenant, readOnly, expiresAtMs }: KnownToken & { tenant: string },
): ClientPrincipal {
  const known = tenants.get(token);
  if (known) return known;
  const principal: ClientPrincipal = {
    kind: "client",
    databaseId,
    claims: {
      subject: "",
      json: "",
      expiresAt: (expiresAtMs ?? Number.POSITIVE_INFINITY) / 1000,
      tenant: { id: tenant, token, readOnly },
    },
  };
  tenants.set(token, principal);
  return principal;
}
