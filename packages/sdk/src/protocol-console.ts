/** In charge of the shapes of being signed in to the console. */
import type { AccountInfo } from "./protocol-accounts.ts";

/** Body of `POST /console/session`: one of three ways in. */
export interface ConsoleSignInRequest {
  api_key?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  /** From an address that `postern open` made. */
  link?: string | undefined;
}

export interface ConsoleSessionInfo {
  id: string;
  signed_in_by: "key" | "password" | "link";
  /** Where it was signed in from, and with which browser. */
  address: string;
  browser: string;
  created_at: string;
  /** To the minute. */
  last_seen_at: string;
  expires_at: string;
  /** Until then it may change things; null: it only looks. */
  unlocked_until: string | null;
}

/** The session that asks. */
export interface CurrentConsoleSession extends ConsoleSessionInfo {
  account: AccountInfo;
  /** Goes into `x-postern-console` of each request. */
  csrf_token: string;
}

export interface ConsoleLink {
  /** Signs in once. */
  url: string;
  expires_at: string;
}
