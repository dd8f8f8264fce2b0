/** In charge of the schemas of what a database does at this moment, did minute by minute, and would gain by. */
import type {
  DatabaseAdvice,
  DatabaseMetrics,
  EndedSessionInfo,
  IndexAdviceInfo,
  LiveSession,
  LiveSessions,
  MetricPoint,
  StatementTrends,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { databaseRef } from "./database.ts";
import { timestamp } from "./respond.ts";

const liveSession = z.object({
  pid: z.number(),
  user: z.string(),
  application: z.string(),
  address: z.string().nullable(),
  through: z.enum(["direct", "pooled", "http", "postern"]),
  state: z.string().nullable(),
  statement: z.string().nullable().describe("What it runs, or ran last."),
  connected_at: timestamp,
  since: timestamp.nullable().describe("When its statement began; of one that rests, when that ended."),
  transaction_since: timestamp.nullable(),
  waits_for: z.string().nullable(),
  blocked_by: z.array(z.number()).describe("Processes that hold what it waits for."),
  lock: z
    .object({ object: z.string(), mode: z.string(), since: timestamp.nullable() })
    .nullable()
    .describe("The lock that it waits for."),
}) satisfies z.ZodType<LiveSession>;

export const liveSessions = z
  .object({
    at: timestamp,
    awake: z.boolean().describe("False: it sleeps, and nobody is connected."),
    sessions: z.array(liveSession),
  })
  .meta({ id: "LiveSessions" }) satisfies z.ZodType<LiveSessions>;

export const endedSession = z
  .object({ pid: z.number(), action: z.enum(["canceled", "ended"]) })
  .meta({ id: "EndedSession" }) satisfies z.ZodType<EndedSessionInfo>;

const cost = z.number().nullable();
const indexAdvice = z.object({
  kind: z.enum(["missing_index", "unused_index", "duplicate_index", "invalid_index"]),
  table: z.string(),
  columns: z.array(z.string()),
  index: z.string().nullable().describe("The index that is there already."),
  reason: z.string(),
  calls: z.number(),
  total_ms: z.number(),
  statements: z.array(z.string()),
  cost_before: cost.describe("By Postgres's reckoning."),
  cost_after: cost.describe("The same, with an index that is only pretended; null where none can be."),
  cost_after_guess: cost.describe("Reckoned from the rows that Postgres expects."),
  size_bytes: z.number().nullable(),
  run: z.string().describe("The statement that does it."),
}) satisfies z.ZodType<IndexAdviceInfo>;

export const databaseAdvice = z
  .object({
    awake: z.boolean().describe("False: it sleeps, and is not woken to be looked at."),
    statements: z.number().describe("On so many the advice rests."),
    indexes: z.array(indexAdvice),
  })
  .meta({ id: "Advice" }) satisfies z.ZodType<DatabaseAdvice>;

export const statementTrends = z
  .object({
    from: timestamp,
    step_seconds: z.number(),
    trends: z.array(
      z.object({
        fingerprint: z.string(),
        calls: z.array(z.number()),
        mean_ms: z.array(z.number().nullable()),
      }),
    ),
  })
  .meta({ id: "StatementTrends" }) satisfies z.ZodType<StatementTrends>;

const figure = z.number().nullable();
const metricPoint = z.object({
  at: timestamp,
  calls: figure,
  errors: figure.describe("Of SQL over HTTP."),
  slow: figure,
  mean_ms: figure,
  max_ms: figure,
  rows: figure,
  http_wait_ms: figure.describe("Of SQL over HTTP, for a connection, on average."),
  sessions: figure,
  active: figure,
  waiting: figure.describe("For a lock."),
  idle_in_transaction: figure,
  pool_clients: figure,
  pool_waiting: figure,
  pool_wait_ms: figure.describe("Of clients of the pooler, for a connection, in all."),
  size_bytes: figure,
  commits: figure,
  rollbacks: figure,
  cache_hit: figure.describe("Share of blocks that were in Postgres's memory already."),
  temp_bytes: figure,
  wal_bytes: figure.describe("Written to the log of its whole server."),
}) satisfies z.ZodType<MetricPoint>;

export const databaseMetrics = z
  .object({
    from: timestamp,
    to: timestamp,
    step_seconds: z.number(),
    shared_server: z.boolean(),
    points: z.array(metricPoint).describe("The oldest first; null where nobody measured."),
  })
  .meta({ id: "DatabaseMetrics" }) satisfies z.ZodType<DatabaseMetrics>;

const moment = z.iso.datetime({ offset: true });
export const metricsSpan = z.object({
  since_minutes: z.coerce
    .number()
    .int("must be a whole number")
    .min(1, "must be at least 1")
    .max(525_600, "must be at most 525600")
    .default(60),
  from: moment.optional().describe("Instead of `since_minutes`."),
  to: moment.optional().describe("Now, unless said otherwise."),
});

export const sessionRef = databaseRef.extend({
  pid: z.coerce.number().int("must be a process id").min(1, "must be a process id").max(2_147_483_647),
});
