/** In charge of naming who speaks: an account by one of its API keys, or a database by one of its tokens. */
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
}

export type Principal = AccountPrincipal | DatabasePrincipal;
