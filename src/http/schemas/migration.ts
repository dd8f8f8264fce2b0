/** In charge of the schemas of migrations. */
import type { AppliedMigration, MigrateRequest, MigrationState } from "@postern/sdk/protocol";
import { z } from "zod";
import { errorBody, timestamp } from "./respond.ts";

export const migrateRequest = z.strictObject({
  files: z.array(z.strictObject({ name: z.string(), sql: z.string() })),
}) satisfies z.ZodType<MigrateRequest>;

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
