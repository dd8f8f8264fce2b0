/** In charge of the schemas of a database's tokens. */
import type { CreatedToken, CreateTokenRequest, TokenInfo } from "@postern/sdk/protocol";
import { z } from "zod";
import { reference } from "./database.ts";
import { timestamp } from "./respond.ts";

const scope = z
  .enum(["full", "read_only"])
  .describe("`full`: all that the database's owner may; `read_only`: SQL over HTTP that reads.");

const fields = {
  id: z.string().describe("`tok-` and 12 hex digits."),
  label: z.string(),
  scope,
  tenant: z.string().nullable().describe("Whose rows alone it reaches; null: it is for all of the database."),
  created_at: timestamp,
  expires_at: timestamp.nullable().describe("Null: it does not expire."),
  last_used_at: timestamp.nullable().describe("To the minute; null: never."),
  revoked_at: timestamp.nullable(),
};

export const tokenInfo = z.object(fields).meta({ id: "Token" }) satisfies z.ZodType<TokenInfo>;

export const createdToken = z
  .object({
    ...fields,
    token: z.string().describe("64 hex digits; shown only now."),
    warnings: z
      .array(z.string())
      .optional()
      .describe("Of a tenant's token: tables that it reaches past row security."),
  })
  .meta({ id: "CreatedToken" }) satisfies z.ZodType<CreatedToken>;

export const createTokenRequest = z.strictObject({
  label: z.string().optional().describe("What it is for: 1 to 64 characters."),
  scope: scope.optional(),
  tenant: z
    .string()
    .optional()
    .describe(
      "A tenant of the application: SQL runs as `authenticated`, `auth.tenant_id()` says this and can be forged by nobody.",
    ),
  expires_in: z.string().optional().describe("For example `30d`; absent: it does not expire."),
}) satisfies z.ZodType<CreateTokenRequest>;

export const tokenRef = z.object({
  ref: reference.describe("Id or name of a database."),
  token: reference.describe("Id of a token, or a label that no other has."),
});
