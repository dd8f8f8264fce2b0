/** In charge of the schemas of being signed in to the console. */
import type { ConsoleLink, ConsoleSessionInfo, CurrentConsoleSession } from "@postern/sdk/protocol";
import { z } from "zod";
import { accountInfo } from "./account.ts";
import { timestamp } from "./respond.ts";

/** One way in: a key, a link, or a username with its password. */
export const consoleSignInRequest = z
  .strictObject({
    api_key: z.string().max(200).optional(),
    username: z.string().max(64).optional(),
    password: z.string().max(1024).optional(),
    link: z.string().max(200).optional().describe("From an address that `postern open` made."),
  })
  .refine(
    ({ api_key, link, username, password }) =>
      Number(api_key !== undefined) + Number(link !== undefined) + Number(username !== undefined) === 1 &&
      (username === undefined) === (password === undefined),
    "one of api_key, link, or username with password",
  );

const session = {
  id: z.string(),
  signed_in_by: z.enum(["key", "password", "link"]),
  address: z.string().describe("Where it was signed in from."),
  browser: z.string(),
  created_at: timestamp,
  last_seen_at: timestamp.describe("To the minute."),
  expires_at: timestamp,
  unlocked_until: timestamp.nullable().describe("Until then it may change things; null: it only looks."),
};

export const consoleSessionInfo = z
  .object(session)
  .meta({ id: "ConsoleSession" }) satisfies z.ZodType<ConsoleSessionInfo>;

export const currentConsoleSession = z
  .object({
    ...session,
    account: accountInfo,
    csrf_token: z.string().describe("Goes into `x-postern-console` of each request."),
  })
  .meta({ id: "CurrentConsoleSession" }) satisfies z.ZodType<CurrentConsoleSession>;

export const consoleLink = z
  .object({ url: z.string().describe("Signs in once."), expires_at: timestamp })
  .meta({ id: "ConsoleLink" }) satisfies z.ZodType<ConsoleLink>;
