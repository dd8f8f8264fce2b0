/** In charge of the schemas of migrations. */
import type { AppliedMigration, MigrateRequest, MigrationState } from "@postern/sdk/protocol";
import { z } from "zod";
import { timestamp } from "./respond.ts";

export const migrateRequest = z.strictObject({
  files: z.array(z.strictObject({ name: z.string(), sql: z.string() })),
}) satisfies z.ZodType<MigrateRequest>;

export const migrationState = z
  .object({
    name: z.string(),
    state: z.enum(["applied", "pending", "changed", "missing"]),
    checksum: z.string(),
    applied_at: timestamp.nullable(),
    duration_ms: z.number().nullable(),
    plan: z
      .object({ statements: z.int(), no_transaction: z.boolean() })
      .nullable()
      .describe("How a pending file would run."),
  })
  .meta({ id: "MigrationState" }) satisfies z.ZodType<MigrationState>;

export const appliedMigration = z
  .object({ name: z.string(), checksum: z.string(), applied_at: timestamp, duration_ms: z.number() })
  .meta({ id: "AppliedMigration" }) satisfies z.ZodType<AppliedMigration>;
