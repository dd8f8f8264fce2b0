/** In charge of naming what the HTTP server needs for who asks, and what opens a database to whom: accounts, tokens, passwords, an application's users. */

import type {
  AccountInfo,
  ClientAccessInfo,
  ClientAccessRequest,
  CreatedToken,
  CreateTokenRequest,
  LoginRequest,
  LoginResult,
  ResetPassword,
  ResetPasswordRequest,
  RotateCredentialsRequest,
  RotatedCredentials,
  TokenInfo,
} from "@postern/sdk/protocol";
import type { TokenPrincipal } from "../../access/authenticate-database.ts";
import type { LoginAttempt } from "../../access/authenticate-login.ts";
import type {
  AccountPrincipal,
  ClientPrincipal,
  DatabasePrincipal,
  Principal,
} from "../../access/principal.ts";
import type { DatabaseRef } from "./database-services.ts";

/** Who asks a database; the workers of the data plane need no more. */
export interface DataPlaneAccess {
  /** For the data plane: an unknown database and a wrong token are the same Y2002. */
  authenticateDatabase(databaseId: string, token: string): Promise<TokenPrincipal>;
  /** The same where the answer is at hand; undefined when it is not. @throws Y2002 */
  authenticateAtOnce(databaseId: string, digest: Buffer): TokenPrincipal | undefined;
  /**
   * A user by a JWT, or without one nobody in particular, where the database is open to clients.
   * @throws Y2001 Y2002 where it is not, or is unknown; Y2010 Y2011
   */
  authenticateClient(databaseId: string, token: string | undefined): Promise<ClientPrincipal>;
  /** May pages of other sites ask it? */
  isOpenToClients(databaseId: string): Promise<boolean>;
  /** By what a connection URL holds. @throws 28P01 the same for an unknown user and a wrong password; 3D000; Y1018 */
  authenticateLogin(attempt: LoginAttempt): Promise<DatabasePrincipal>;
  /** Id of the database that is called this inside Postgres. */
  findDatabaseId(innerName: string): Promise<string | undefined>;
}

export interface AccessService extends DataPlaneAccess {
  /** @throws Y2002 for a key that is unknown or revoked. */
  authenticateKey(apiKey: string): Promise<AccountPrincipal>;
  /** Whose token it is; for routes of the control plane. @throws Y2002, Y2003 for a tenant's */
  authenticateToken(token: string): Promise<DatabasePrincipal>;
}

export interface AccountService {
  /** Without a principal only where registration is open. @throws Y2001 Y2003 Y2004 Y2006 Y2007 */
  register(principal: AccountPrincipal | undefined, input: LoginRequest): Promise<AccountInfo>;
  /** @throws Y2005 */
  logIn(input: LoginRequest): Promise<LoginResult>;
  /** Revokes the key that was used. */
  logOut(principal: AccountPrincipal): Promise<void>;
  describe(principal: AccountPrincipal): Promise<AccountInfo>;
}

export interface TokenService {
  list(principal: AccountPrincipal, input: DatabaseRef): Promise<TokenInfo[]>;
  create(principal: AccountPrincipal, input: DatabaseRef & CreateTokenRequest): Promise<CreatedToken>;
  /** Before it resolves the token opens nothing any more. @throws Y3042 */
  revoke(principal: AccountPrincipal, input: DatabaseRef & { token: string }): Promise<TokenInfo>;
}

export interface CredentialService {
  rotate(
    principal: AccountPrincipal,
    input: DatabaseRef & RotateCredentialsRequest,
  ): Promise<RotatedCredentials>;
  resetPassword(
    principal: AccountPrincipal,
    input: DatabaseRef & ResetPasswordRequest,
  ): Promise<ResetPassword>;
}

export interface ClientAccessService {
  describe(principal: Principal, input: DatabaseRef): Promise<ClientAccessInfo>;
  enable(principal: AccountPrincipal, input: DatabaseRef & ClientAccessRequest): Promise<ClientAccessInfo>;
  disable(principal: AccountPrincipal, input: DatabaseRef): Promise<ClientAccessInfo>;
}
