/** In charge of the schemas of client access. */
import type { ClientAccessInfo, ClientAccessRequest } from "@postern/sdk/protocol";
import { z } from "zod";

export const clientAccessRequest = z.strictObject({
  issuer: z
    .string()
    .nullable()
    .optional()
    .describe("OpenID issuer of the users' tokens, as their `iss` has it; null: the server's."),
  audience: z
    .string()
    .regex(/^\P{Cc}{1,500}$/u, "must have 1 to 500 characters and no control characters")
    .nullable()
    .optional()
    .describe("What the tokens' `aud` must name; null: the server's, or anything for an issuer of its own."),
}) satisfies z.ZodType<ClientAccessRequest>;

export const clientAccessInfo = z
  .object({
    enabled: z.boolean(),
    issuer: z
      .string()
      .nullable()
      .describe("Whose tokens are taken; null: nobody's, and every client is `anon`."),
    audience: z.string().nullable().describe("Null: the tokens' audience is not looked at."),
    changed: z.boolean().optional().describe("After a change: was there anything to change?"),
    warnings: z
      .array(z.string())
      .optional()
      .describe("After enabling: what clients reach past row security."),
  })
  .meta({ id: "ClientAccess" }) satisfies z.ZodType<ClientAccessInfo>;
