/**
 * In charge of naming who speaks: an account by one of its API keys, a database's owner by one of its tokens, or in client
 * mode an app's user by a JWT, or nobody in particular.
 */
import type { AccountId, DatabaseId, KeyId } from "../base/id.ts";

export interface AccountPrincipal {
  kind: "account";
  accountId: AccountId;
  role: "admin" | "member";
  /** The key that was used; logging out revokes it. */
  keyId: KeyId;
}

export interface DatabasePrincipal {
  kind: "database";
  databaseId: DatabaseId;
  /** A token that reads and changes nothing. */
  readOnly?: boolean;
}

/** What a verified JWT says of its bearer. */
export interface VerifiedClaims {
  /** Not empty, at most 255 characters, no control characters. */
  subject: string;
  /** When the token expires, seconds since 1970. */
  expiresAt: number;
  /** All claims, as JSON text. */
  json: string;
  /** Of a token that belongs to one tenant of the application. */
  tenant?: string;
}

/** Who speaks to a database in client mode; without claims it is `anon`, else `authenticated`. */
export interface ClientPrincipal {
  kind: "client";
  databaseId: DatabaseId;
  claims: VerifiedClaims | null;
}

export type Principal = AccountPrincipal | DatabasePrincipal;
