/**
 * In charge of sessions of the console: signing in with an API key, a password or a link that works once, and who speaks
 * in one. A session speaks for an account through one of its API keys and never outlives that key.
 */
import type {
  AccountInfo,
  ConsoleSessionInfo,
  ConsoleSignInRequest,
  CurrentConsoleSession,
} from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { type ConsoleSessionId, type KeyId, newConsoleSessionId } from "../base/id.ts";
import { hashSecret, newApiKey, newToken } from "../base/secrets.ts";
import { insertKey } from "../state/accounts.ts";
import {
  type ConsoleSessionRow,
  endConsoleSession,
  findConsoleSession,
  forgetConsoleSessions,
  insertConsoleLink,
  insertConsoleSession,
  listConsoleSessions,
  type SignInWay,
  setUnlocked,
  useConsoleLink,
} from "../state/console-sessions.ts";
import type { Queryable } from "../state/state.ts";
import { findAccountByLogin } from "./accounts.ts";
import type { AccountPrincipal } from "./principal.ts";

export const consoleTimes = {
  lifeSeconds: 12 * 3600,
  idleSeconds: 2 * 3600,
  unlockedSeconds: 30 * 60,
  linkSeconds: 60,
};

interface Context {
  state: Queryable;
  /** @throws Y2002 */
  authenticateKey(apiKey: string): Promise<AccountPrincipal>;
}

export interface Visitor {
  address: string;
  browser: string;
}

export interface ConsoleCaller {
  principal: AccountPrincipal;
  sessionId: ConsoleSessionId;
  unlocked: boolean;
  csrfToken: string;
}

const secretPattern = /^[0-9a-f]{64}$/;

/** Another secret, of the session's own: who reads it cannot tell the cookie. */
const csrfTokenOf = (secret: string): string => hashSecret(`csrf ${secret}`).toString("hex");

/** The secret goes into the cookie and nowhere else. @throws Y2002 Y2005 Y1093 */
export async function signInToConsole(
  context: Context,
  input: ConsoleSignInRequest,
  visitor: Visitor,
): Promise<{ secret: string; session: CurrentConsoleSession }> {
  const { keyId, way } = await findKey(context, input);
  await forgetConsoleSessions(context.state, consoleTimes.idleSeconds);
  const secret = newToken();
  await insertConsoleSession(context.state, {
    id: newConsoleSessionId(),
    keyId,
    ownsKey: way === "password",
    secretHash: hashSecret(secret),
    way,
    address: visitor.address,
    browser: visitor.browser.slice(0, 200),
    lifeSeconds: consoleTimes.lifeSeconds,
  });
  return { secret, session: await describeCurrentSession(context, secret) };
}

async function findKey(
  context: Context,
  input: ConsoleSignInRequest,
): Promise<{ keyId: KeyId; way: SignInWay }> {
  const { api_key: apiKey, link, username = "", password = "" } = input;
  if (apiKey !== undefined) return { keyId: (await context.authenticateKey(apiKey)).keyId, way: "key" };
  if (link !== undefined) {
    const keyId = secretPattern.test(link)
      ? await useConsoleLink(context.state, hashSecret(link))
      : undefined;
    if (keyId !== undefined) return { keyId, way: "link" };
    throw posternError("Y1093", "This link does not sign in any more.", {
      detail: `A link works once, and for ${consoleTimes.linkSeconds} seconds.`,
      hint: "Run `postern open` again.",
    });
  }
  const account = await findAccountByLogin(context, { username, password });
  // Nobody ever sees this key: it stands for the session, and ends with it.
  const keyId = await insertKey(context.state, account.id, hashSecret(newApiKey()), "console");
  return { keyId, way: "password" };
}

/** @throws Y1092 for a session that has ended, or none. */
export async function authenticateConsole(
  { state }: Pick<Context, "state">,
  secret: string | undefined,
): Promise<ConsoleCaller> {
  const row = await findSession(state, secret);
  return {
    principal: { kind: "account", accountId: row.account_id, role: row.role, keyId: row.key_id },
    sessionId: row.id,
    unlocked: row.unlocked_until !== null,
    csrfToken: csrfTokenOf(secret!),
  };
}

async function findSession(state: Queryable, secret: string | undefined): Promise<ConsoleSessionRow> {
  const row =
    secret !== undefined && secretPattern.test(secret)
      ? await findConsoleSession(state, hashSecret(secret), consoleTimes.idleSeconds)
      : undefined;
  if (row) return row;
  throw posternError("Y1092", "You are not signed in to the console.", {
    hint: "Sign in again, or run `postern open`.",
  });
}

export async function describeCurrentSession(
  { state }: Pick<Context, "state">,
  secret: string | undefined,
): Promise<CurrentConsoleSession> {
  const row = await findSession(state, secret);
  return { ...describeSession(row), account: describeAccount(row), csrf_token: csrfTokenOf(secret!) };
}

export async function listSessions(
  { state }: Pick<Context, "state">,
  { accountId }: AccountPrincipal,
): Promise<ConsoleSessionInfo[]> {
  return (await listConsoleSessions(state, accountId, consoleTimes.idleSeconds)).map(describeSession);
}

/** From the next request on it opens nothing. @throws Y1094 */
export async function endSession(
  { state }: Pick<Context, "state">,
  { accountId }: AccountPrincipal,
  id: string,
): Promise<void> {
  if (await endConsoleSession(state, accountId, id)) return;
  throw posternError("Y1094", "There is no such session of yours.", { hint: "It may have ended by itself." });
}

/** Until when it may change things; null: not any more. */
export async function unlockConsole(
  { state }: Pick<Context, "state">,
  id: ConsoleSessionId,
  unlocked: boolean,
): Promise<string | null> {
  const until = await setUnlocked(state, id, unlocked ? consoleTimes.unlockedSeconds : null);
  return until?.toISOString() ?? null;
}

/** A token that signs in once, as the account of the key that asks. */
export async function issueConsoleLink(
  { state }: Pick<Context, "state">,
  { keyId }: AccountPrincipal,
): Promise<{ token: string; expires_at: string }> {
  const token = newToken();
  const { linkSeconds: lifeSeconds } = consoleTimes;
  const expiresAt = await insertConsoleLink(state, { tokenHash: hashSecret(token), keyId, lifeSeconds });
  return { token, expires_at: expiresAt.toISOString() };
}

const describeAccount = (row: ConsoleSessionRow): AccountInfo => ({
  id: row.account_id,
  username: row.username,
  role: row.role,
  created_at: row.account_created_at.toISOString(),
});

const describeSession = (row: ConsoleSessionRow): ConsoleSessionInfo => ({
  id: row.id,
  signed_in_by: row.signed_in_by,
  address: row.address,
  browser: row.browser,
  created_at: row.created_at.toISOString(),
  last_seen_at: row.last_seen_at.toISOString(),
  expires_at: row.expires_at.toISOString(),
  unlocked_until: row.unlocked_until?.toISOString() ?? null,
});
