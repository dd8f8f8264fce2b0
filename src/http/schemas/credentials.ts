/** In charge of the schemas of changed credentials. */
import type {
  ResetPassword,
  ResetPasswordRequest,
  RotateCredentialsRequest,
  RotatedCredentials,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { databaseUrls } from "./database.ts";
import { timestamp } from "./respond.ts";
import { tokenInfo } from "./token.ts";

const changed = {
  database_id: z.string(),
  urls: databaseUrls.describe("With the new password."),
  operation_id: z.string(),
  applied: z
    .boolean()
    .describe("Does the server take the new password already? Else the operation tells when it does."),
  restarting: z
    .array(
      z.object({
        project_id: z.string(),
        environment: z.string(),
        operation_id: z.string().describe("Of the restart."),
      }),
    )
    .describe("Environments whose services use the database: they are started anew with the new values."),
};

export const rotateCredentialsRequest = z.strictObject({
  grace: z
    .string()
    .optional()
    .describe(
      "How long the old token and open connections go on, for example `10m`; absent: they end at once, or after a minute where deployed services use them.",
    ),
  all_tokens: z.boolean().optional().describe("End the tokens made beside the master token, too."),
}) satisfies z.ZodType<RotateCredentialsRequest>;

export const rotatedCredentials = z
  .object({
    ...changed,
    token: z.string().describe("64 hex digits; shown only now."),
    grace_until: timestamp.describe("When the old token and connections of before the rotation end."),
    ending_tokens: z.array(tokenInfo).describe("Tokens that end then, or earlier."),
    staying_tokens: z.array(tokenInfo).describe("Tokens that go on as before."),
  })
  .meta({ id: "RotatedCredentials" }) satisfies z.ZodType<RotatedCredentials>;

export const resetPasswordRequest = z.strictObject({
  password: z.string().optional().describe("At least 8 characters; made up when absent."),
}) satisfies z.ZodType<ResetPasswordRequest>;

export const resetPasswordAnswer = z
  .object(changed)
  .meta({ id: "ResetPassword" }) satisfies z.ZodType<ResetPassword>;
