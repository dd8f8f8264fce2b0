/**
 * In charge of finding out who asks a database: the hot path of SQL over HTTP. An unknown database and a wrong token look
 * alike.
 */
import { type DatabaseId, isDatabaseId } from "../base/id.ts";
import { hashSecret, matchesAny } from "../base/secrets.ts";
import type { ClientAuthenticator } from "./authenticate-client.ts";
import type { ClientPrincipal, DatabasePrincipal } from "./principal.ts";
import { invalidToken, missingCredentials } from "./refusals.ts";

export const tokenPattern = /^[0-9a-f]{64}$/;

/** A revoked token opens nothing a second later, even where nobody told this process of it. */
const freshMs = 1_000;
/** Ids are the caller's to make up: what is remembered of them must not grow without end. */
const mostRemembered = 10_000;

interface RememberedHashes {
  /** When they were asked for: the moment from which they may be out of date. */
  askedAt: number;
  hashes: Promise<Buffer[]>;
  /** Once they are here. */
  known: Buffer[] | undefined;
  principal: DatabasePrincipal;
}

export interface TokenLookups {
  /** SHA-256 of the tokens that open the database; none when there is no such database. */
  tokenHashes(databaseId: DatabaseId): Promise<Buffer[]>;
}

export class DatabaseAuthenticator {
  readonly #lookups: TokenLookups;
  readonly #nowMs: () => number;
  readonly #clients: ClientAuthenticator | undefined;
  readonly #remembered = new Map<string, RememberedHashes>();

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
  async authenticateDatabase(databaseId: string, token: string): Promise<DatabasePrincipal> {
    if (!isDatabaseId(databaseId) || !tokenPattern.test(token)) throw invalidToken();
    const remembered = this.#hashesOf(databaseId);
    remembered.known ??= await remembered.hashes;
    return this.#match(remembered, token);
  }

  /**
   * The same where the answer is at hand, without waiting a turn: undefined when the database has to be asked for first.
   * @throws Y2002
   */
  authenticateAtOnce(databaseId: string, token: string): DatabasePrincipal | undefined {
    const remembered = this.#remembered.get(databaseId);
    if (remembered?.known === undefined || this.#nowMs() - remembered.askedAt >= freshMs) return undefined;
    return this.#match(remembered, token);
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

  #match({ known, principal }: RememberedHashes, token: string): DatabasePrincipal {
    if (!matchesAny(hashSecret(token), known!)) throw invalidToken();
    return principal;
  }

  /** To be called when tokens or client mode of a database changed: the next request sees it at once. */
  forget(databaseId: DatabaseId): void {
    this.#remembered.delete(databaseId);
    this.#clients?.forget(databaseId);
  }

  #hashesOf(databaseId: DatabaseId): RememberedHashes {
    const askedAt = this.#nowMs();
    const known = this.#remembered.get(databaseId);
    if (known && askedAt - known.askedAt < freshMs) return known;
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    const fresh: RememberedHashes = {
      askedAt,
      hashes: this.#lookups.tokenHashes(databaseId),
      known: undefined,
      principal: { kind: "database", databaseId },
    };
    this.#remembered.set(databaseId, fresh);
    // A failed look-up is told to those who wait for it, and asked again by the next.
    fresh.hashes.catch(() => {
      if (this.#remembered.get(databaseId) === fresh) this.#remembered.delete(databaseId);
    });
    return fresh;
  }
}
