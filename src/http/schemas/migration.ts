/** In charge of the schemas of migrations. */
import type { AppliedMigration, MigrateOptions, MigrateRequest, MigrationState } from "@postern/sdk/protocol";
import { z } from "zod";
import { errorBody, timestamp } from "./respond.ts";

export const migrateRequest = z.strictObject({
  files: z.array(z.strictObject({ name: z.string(), sql: z.string() })),
}) satisfies z.ZodType<MigrateRequest>;

export const migrateInput = migrateRequest.extend({
  to: z.string().optional().describe("The last file to apply."),
  strict: z.boolean().optional().describe("Refuse a pending file that comes before an applied one."),
  lock_timeout_ms: z
    .int()
    .min(1)
    .max(3_600_000)
    .optional()
    .describe("How long a statement may wait for a lock; its file is tried again a few times."),
  baseline: z.boolean().optional().describe("Run nothing; note as applied what is there already."),
}) satisfies z.ZodType<MigrateRequest & MigrateOptions>;

const migrationError = errorBody
  .extend({
    file: z.string(),
    line: z.int().nullable(),
    column: z.int().nullable(),
    line_text: z.string().nullable(),
  })
  .meta({ id: "MigrationError" });

export const migrationState = z
  .object({
    name: z.string(),
    state: z.enum(["applied", "pending", "changed", "missing"]),
    checksum: z.string(),
    applied_at: timestamp.nullable(),
    duration_ms: z.number().nullable(),
    plan: z
      .object({ statements: z.int(), no_transaction: z.boolean(), statements_done: z.int() })
      .nullable()
      .describe("How a pending file would run."),
    error: migrationError.nullable().describe("Why a pending file cannot be run as it is."),
  })
  .meta({ id: "MigrationState" }) satisfies z.ZodType<MigrationState>;

export const appliedMigration = z
  .object({ name: z.string(), checksum: z.string(), applied_at: timestamp, duration_ms: z.number() })
  .meta({ id: "AppliedMigration" }) satisfies z.ZodType<AppliedMigration>;
