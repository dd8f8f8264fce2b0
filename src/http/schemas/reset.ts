/** In charge of the schemas of emptying a database. */
import type { ResetRequest, WipeRequest } from "@postern/sdk/protocol";
import { z } from "zod";
import { migrateRequest } from "./migration.ts";

const skipSnapshot = z
  .boolean()
  .optional()
  .describe("Make no backup of what is there now: it is gone for good.");

export const wipeRequest = z.strictObject({
  skip_snapshot: skipSnapshot,
}) satisfies z.ZodType<WipeRequest>;

export const resetRequest = migrateRequest.extend({
  skip_snapshot: skipSnapshot,
}) satisfies z.ZodType<ResetRequest>;
