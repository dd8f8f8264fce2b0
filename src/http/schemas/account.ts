/** In charge of the schemas of accounts and logins. */
import type { AccountInfo, LoginRequest, LoginResult } from "@postern/sdk/protocol";
import { z } from "zod";
import { timestamp } from "./respond.ts";

export const accountInfo = z
  .object({
    id: z.string(),
    username: z.string(),
    role: z.enum(["admin", "member"]),
    created_at: timestamp,
  })
  .meta({ id: "Account" }) satisfies z.ZodType<AccountInfo>;

export const loginRequest = z.strictObject({
  username: z.string().describe("3 to 16 characters of `a-z`, `0-9` and `_`."),
  password: z.string().describe("At least 8 characters."),
}) satisfies z.ZodType<LoginRequest>;

export const loginResult = z
  .object({ api_key: z.string().describe("Shown only now."), account: accountInfo })
  .meta({ id: "LoginResult" }) satisfies z.ZodType<LoginResult>;
