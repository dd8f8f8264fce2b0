/** In charge of accounts: making one, logging in and out, and the first administrator. */
import type { AccountInfo, LoginRequest, LoginResult } from "@postern/sdk/protocol";
import { hasCode, posternError } from "../base/error.ts";
import { newAccountId } from "../base/id.ts";
import { hashSecret, newApiKey } from "../base/secrets.ts";
import {
  type AccountRow,
  findAccountById,
  findAccountByUsername,
  insertAccount,
  insertKey,
  revokeKey,
} from "../state/accounts.ts";
import type { Queryable, State } from "../state/state.ts";
import { checkPassword, hashPassword, verifyPassword } from "./password.ts";
import type { AccountPrincipal } from "./principal.ts";

const usernamePattern = /^[a-z0-9_]{3,16}$/;
const adminUsername = "admin";

export interface RegistrationRule {
  /** May people without a key make an account? */
  registration: "closed" | "open";
}

/** @throws Y2001 Y2003 where the caller may not, Y2007 Y2006 for a bad name or password, Y2004 when the name is taken. */
export async function registerAccount(
  context: { state: Queryable; config: RegistrationRule },
  principal: AccountPrincipal | undefined,
  input: LoginRequest,
): Promise<AccountInfo> {
  refuseStrangers(context.config, principal);
  if (!usernamePattern.test(input.username)) {
    throw posternError("Y2007", `"${input.username}" cannot be a username.`, {
      hint: "Use 3 to 16 characters of a-z, 0-9 and _.",
    });
  }
  checkPassword(input.password);
  const account = {
    id: newAccountId(),
    username: input.username,
    password_hash: await hashPassword(input.password),
    role: "member",
  } as const;
  try {
    return describeAccount(await insertAccount(context.state, account));
  } catch (error) {
    if (!hasCode(error, "23505")) throw error;
    throw posternError("Y2004", `The username "${input.username}" is taken.`, {
      hint: "Choose another, or log in with `postern login`.",
    });
  }
}

function refuseStrangers(config: RegistrationRule, principal: AccountPrincipal | undefined): void {
  if (config.registration === "open" || principal?.role === "admin") return;
  if (principal === undefined) {
    throw posternError("Y2001", "Making an account needs an administrator's API key here.", {
      hint: "Send it as `Authorization: Bearer <key>`, or start Postern with POSTERN_REGISTRATION=open.",
    });
  }
  throw posternError("Y2003", "Only an administrator may make accounts here.", {
    hint: "Ask an administrator, or start Postern with POSTERN_REGISTRATION=open.",
  });
}

/** @throws Y2005, the same for an unknown name and a wrong password. */
export async function findAccountByLogin(
  context: { state: Queryable },
  input: LoginRequest,
): Promise<AccountRow> {
  const account = usernamePattern.test(input.username)
    ? await findAccountByUsername(context.state, input.username)
    : undefined;
  const matches = await verifyPassword(input.password, account?.password_hash);
  if (account && matches) return account;
  throw posternError("Y2005", "Username or password is wrong.", {
    hint: "Make an account with `postern register` if you have none.",
  });
}

/** A new API key for the account. @throws Y2005 */
export async function logIn(context: { state: Queryable }, input: LoginRequest): Promise<LoginResult> {
  const account = await findAccountByLogin(context, input);
  const apiKey = newApiKey();
  await insertKey(context.state, account.id, hashSecret(apiKey), "login");
  return { api_key: apiKey, account: describeAccount(account) };
}

/** Revokes the key that was used. */
export async function logOut(context: { state: Queryable }, principal: AccountPrincipal): Promise<void> {
  await revokeKey(context.state, principal.keyId);
}

/** The account that speaks. */
export async function whoAmI(
  context: { state: Queryable },
  principal: AccountPrincipal,
): Promise<AccountInfo> {
  const account = await findAccountById(context.state, principal.accountId);
  if (!account) throw posternError("Y2002", "The account of this API key does not exist any more.");
  return describeAccount(account);
}

/**
 * At the first start makes the administrator and returns its API key, which nothing can show again; later null. The
 * administrator has no password: whoever can read the key's file needs none, and nobody else is meant to log in.
 */
export async function ensureAdminAccount(context: { state: State }): Promise<string | null> {
  if (await findAccountByUsername(context.state, adminUsername)) return null;
  const apiKey = newApiKey();
  const admin = { id: newAccountId(), username: adminUsername, password_hash: null, role: "admin" } as const;
  try {
    await context.state.transaction(async (tx) => {
      await insertAccount(tx, admin);
      await insertKey(tx, admin.id, hashSecret(apiKey), "first start");
    });
    return apiKey;
  } catch (error) {
    // Another control plane that starts at this moment was faster.
    if (hasCode(error, "23505")) return null;
    throw error;
  }
}

/** Another key for the administrator, for a machine whose copy of the first one was lost. */
export async function issueAdminKey(context: { state: Queryable }, label: string): Promise<string> {
  const admin = await findAccountByUsername(context.state, adminUsername);
  if (!admin) throw posternError("Y9001", "There is no administrator to issue a key for.");
  const apiKey = newApiKey();
  await insertKey(context.state, admin.id, hashSecret(apiKey), label);
  return apiKey;
}

function describeAccount(row: AccountRow): AccountInfo {
  return {
    id: row.id,
    username: row.username,
    role: row.role,
    created_at: row.created_at.toISOString(),
  };
}
