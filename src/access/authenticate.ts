/**
 * In charge of turning what a caller of the control plane presents, an API key or a database's token, into the principal
 * that it speaks for. Nothing here tells an unknown name from a wrong secret.
 */
import { posternError } from "../base/error.ts";
import type { DatabaseId, TokenId } from "../base/id.ts";
import { hashSecret } from "../base/secrets.ts";
import { findAccountByKeyHash } from "../state/accounts.ts";
import type { Queryable } from "../state/state.ts";
import { findTokenByHash, listKnownTokens, noteTokenUse } from "../state/tokens.ts";
import type { ClientAuthenticator } from "./authenticate-client.ts";
import { DatabaseAuthenticator, tokenPattern } from "./authenticate-database.ts";
import type { AccountPrincipal, DatabasePrincipal } from "./principal.ts";
import { invalidToken, notForTenants } from "./refusals.ts";

const apiKeyPattern = /^pk_[0-9a-f]{64}$/;

export class Authenticator extends DatabaseAuthenticator {
  readonly #state: Queryable;

  /** @param clients without it, client mode is off everywhere */
  constructor(state: Queryable, nowMs?: () => number, clients?: ClientAuthenticator) {
    const lookups = {
      knownTokens: (databaseId: DatabaseId) => listKnownTokens(state, databaseId),
      // When a token was last used is good to know, and no request fails for it.
      noteUse: (id: TokenId) => void noteTokenUse(state, id).catch(() => {}),
    };
    super(lookups, nowMs, clients);
    this.#state = state;
  }

  /** @throws Y2002 for a key that is unknown or revoked. */
  async authenticateKey(apiKey: string): Promise<AccountPrincipal> {
    const account = apiKeyPattern.test(apiKey)
      ? await findAccountByKeyHash(this.#state, hashSecret(apiKey))
      : undefined;
    if (!account) {
      throw posternError("Y2002", "The API key is not valid.", {
        hint: "Log in with `postern login`, or set POSTERN_API_KEY.",
      });
    }
    return { kind: "account", accountId: account.id, role: account.role, keyId: account.key_id };
  }

  /** Whose token it is. @throws Y2002 for one that opens no database, Y2003 for a tenant's */
  async authenticateToken(token: string): Promise<DatabasePrincipal> {
    const found = tokenPattern.test(token)
      ? await findTokenByHash(this.#state, hashSecret(token))
      : undefined;
    if (found === undefined) throw invalidToken();
    if (found.tenant !== null) throw notForTenants();
    this.noteUse(found.id);
    return {
      kind: "database",
      databaseId: found.databaseId,
      ...(found.readOnly && { readOnly: true }),
    };
  }
}
