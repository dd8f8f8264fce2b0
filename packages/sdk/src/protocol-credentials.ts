/** In charge of the shapes of a database's tokens and its owner's password. */
import type { DatabaseUrls } from "./protocol-databases.ts";

/** `read_only`: it reads over HTTP and changes nothing, neither data nor the database's settings. */
export type TokenScope = "full" | "read_only";

export interface TokenInfo {
  id: string;
  label: string;
  scope: TokenScope;
  /** Of the application, whose rows alone it reaches; null: it is for all of the database. */
  tenant: string | null;
  created_at: string;
  /** Null: it does not expire. */
  expires_at: string | null;
  /** To the minute; null: never. */
  last_used_at: string | null;
  /** After that it opens nothing. */
  revoked_at: string | null;
}

export interface CreateTokenRequest {
  /** What it is for: 1 to 64 characters. */
  label?: string;
  scope?: TokenScope;
  /** What `auth.tenant_id()` says for it: it reaches the rows that policies give to this tenant. */
  tenant?: string;
  /** `<n>s|m|h|d|w` from now; absent: it does not expire. */
  expires_in?: string;
}

/** The only moment at which a token can be read. */
export interface CreatedToken extends TokenInfo {
  /** 64 hex digits; only its hash is kept. */
  token: string;
  /** Of a tenant's token: tables that it reaches past row security. */
  warnings?: string[];
}

export interface RotateCredentialsRequest {
  /** How long the old token and connections that are open go on: `<n>s|m|h|d|w`; absent: they end at once. */
  grace?: string;
  /** End the tokens that were made beside the master token, too. */
  all_tokens?: boolean;
}

/** Services that are started anew, because what they are given has changed. */
export interface RestartedServices {
  project_id: string;
  environment: string;
  operation_id: string;
}

export interface RotatedCredentials {
  database_id: string;
  /** The new master token, 64 hex digits; shown only now. */
  token: string;
  /** With the new password. */
  urls: DatabaseUrls;
  /** When the old token and connections of before the rotation end. */
  grace_until: string;
  /** Tokens that end then, or earlier. */
  ending_tokens: TokenInfo[];
  /** Tokens that go on as before. */
  staying_tokens: TokenInfo[];
  operation_id: string;
  /** Does the server take the new password already? Else the operation tells when it does. */
  applied: boolean;
  /** Where services use the database: the operation that gives them the new values. */
  restarting: RestartedServices[];
}

export interface ResetPasswordRequest {
  /** At least 8 characters; made up when absent. */
  password?: string;
}

export interface ResetPassword {
  database_id: string;
  /** With the new password. */
  urls: DatabaseUrls;
  operation_id: string;
  /** Does the server take the new password already? Else the operation tells when it does. */
  applied: boolean;
  /** Where services use the database: the operation that gives them the new values. */
  restarting: RestartedServices[];
}
