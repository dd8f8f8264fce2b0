/**
 * In charge of naming who speaks: an account by one of its API keys, a database's owner by one of its tokens, or in client
 * mode an app's user by a JWT, or nobody in particular. A token made for one tenant speaks as a client, too.
 */
import type { AccountId, DatabaseId, KeyId, TokenId } from "../base/id.ts";

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

/** What a verified JWT says of its bearer, or a token of the database's own that was made for one tenant. */
export interface VerifiedClaims {
  /** At most 255 characters, no control characters; empty for a tenant's token, which is nobody's. */
  subject: string;
  /** When the token expires, seconds since 1970. */
  expiresAt: number;
  /** All claims, as JSON text; empty for a tenant's token. */
  json: string;
  /** Of a token that was made for one tenant of the application. */
  tenant?: TenantClaim;
}

export interface TenantClaim {
  /** 1 to 255 characters, no control characters. */
  id: string;
  token: TokenId;
  /** The token changes nothing. */
  readOnly: boolean;
}

/** By what requests of one client are told from those of others. */
export const callerOf = ({ subject, tenant }: VerifiedClaims): string =>
  tenant ? `token ${tenant.token}` : `sub ${subject}`;

/** Whom row security holds; without claims it is `anon`, else `authenticated`. */
export interface ClientPrincipal {
  kind: "client";
  databaseId: DatabaseId;
  claims: VerifiedClaims | null;
}

export type Principal = AccountPrincipal | DatabasePrincipal;
