/** In charge of the schemas of databases that sleep. */
import type { DatabaseActivity, PauseRules } from "@postern/sdk/protocol";
import { z } from "zod";
import { databaseStatus } from "./database.ts";
import { timestamp } from "./respond.ts";

export const pauseRules = z.strictObject({
  after_seconds: z
    .int()
    .min(0)
    .max(31_536_000)
    .nullable()
    .describe(
      "Seconds without a statement after which it sleeps by itself; 0: never; null: as the operator has set it.",
    ),
}) satisfies z.ZodType<PauseRules>;

const session = z.object({
  pid: z.int(),
  user: z.string(),
  application: z.string(),
  through: z
    .enum(["pooled", "direct", "http", "postern"])
    .describe("How it came; `postern`: Postern's own work, such as a backup."),
  address: z.string().nullable().describe("Where a direct one came from, as Postgres sees it."),
  state: z.string().nullable().describe("As Postgres calls it; null: it logs in."),
  connected_at: timestamp,
  last_statement_at: timestamp.nullable(),
});

export const databaseActivity = z
  .object({
    status: databaseStatus,
    reasons: z
      .array(z.string())
      .describe("Why it does not sleep, the weightiest first; none for one that sleeps."),
    paused_at: timestamp.nullable(),
    pause_after_seconds: z.int().nullable(),
    last_statement_at: timestamp.nullable().describe("As far as is known."),
    pauses_at: timestamp
      .nullable()
      .describe("When it will sleep if no statement comes; null: not by itself."),
    sessions: z.array(session),
    operations: z.array(z.object({ id: z.string(), kind: z.string(), started_at: timestamp.nullable() })),
  })
  .meta({ id: "DatabaseActivity" }) satisfies z.ZodType<DatabaseActivity>;
