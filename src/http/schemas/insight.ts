/** In charge of the schemas of what is known of the statements that a database is asked. */
import type {
  LiveDatabase,
  LiveView,
  NPlusOneInfo,
  NPlusOneWarning,
  RequestTrace,
  StatementDetails,
  StatementInfo,
  StatementMinute,
  TracedStatement,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { databaseRef } from "./database.ts";
import { timestamp } from "./respond.ts";

const source = z.enum(["http", "postgres"]);
const statementText = z.string().describe("Without values: `$1` where one was.");
const figures = {
  calls: z.number(),
  total_ms: z.number(),
  max_ms: z.number(),
  wait_ms: z.number().describe("Of requests over HTTP: waiting for a connection."),
  rows: z.number(),
  errors: z.number(),
  slow: z.number().describe("Runs that took longer than the limit."),
};

const statementFields = {
  fingerprint: z.string().describe("The same whatever the values are."),
  statement: statementText,
  kind: z.string(),
  tables: z.array(z.string()),
  source: source.describe("`postgres`: by every way in, as the server counted; `http`: over HTTP."),
  ...figures,
  mean_ms: z.number(),
  last_at: timestamp,
};

export const statementInfo = z
  .object(statementFields)
  .meta({ id: "Statement" }) satisfies z.ZodType<StatementInfo>;

const statementMinute = z.object({
  minute: timestamp,
  source,
  ...figures,
}) satisfies z.ZodType<StatementMinute>;

export const statementDetails = z
  .object({
    ...statementFields,
    plan: z.unknown().describe("Of EXPLAIN (FORMAT JSON), for any values; null where there is none."),
    minutes: z.array(statementMinute),
  })
  .meta({ id: "StatementDetails" }) satisfies z.ZodType<StatementDetails>;

const tracedStatement = z.object({
  fingerprint: z.string(),
  statement: statementText,
  tables: z.array(z.string()),
  role: z.string(),
  at: timestamp,
  duration_ms: z.number(),
  wait_ms: z.number(),
  rows: z.number().nullable(),
  slow: z.boolean(),
  error_code: z.string().nullable(),
}) satisfies z.ZodType<TracedStatement>;

const nPlusOneWarning = z.object({
  table: z.string(),
  count: z.number(),
  fingerprint: z.string(),
  statement: statementText,
  message: z.string(),
}) satisfies z.ZodType<NPlusOneWarning>;

export const requestTrace = z
  .object({
    request_id: z.string(),
    database_id: z.string(),
    at: timestamp,
    duration_ms: z.number(),
    statement_count: z.number(),
    statements: z.array(tracedStatement).describe("The first 500."),
    slow_count: z.number(),
    n1_warnings: z.array(nPlusOneWarning),
  })
  .meta({ id: "RequestTrace" }) satisfies z.ZodType<RequestTrace>;

export const nPlusOneInfo = z
  .object({
    table: z.string(),
    fingerprint: z.string(),
    statement: statementText,
    requests: z.number().describe("How many requests have asked it again and again."),
    count: z.number().describe("How often the worst of them did."),
    message: z.string(),
    last_request_id: z.string(),
    first_at: timestamp,
    last_at: timestamp,
  })
  .meta({ id: "NPlusOne" }) satisfies z.ZodType<NPlusOneInfo>;

const liveDatabase = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  statements_per_s: z.number().describe("Over HTTP, as all up to `slow`."),
  mean_ms: z.number(),
  max_ms: z.number(),
  wait_ms: z.number().describe("For a connection, on average."),
  errors_per_s: z.number(),
  slow: z.number(),
  sessions: z.number().describe("By every way in."),
  active: z.number(),
  waiting: z.number().describe("For a lock."),
  idle_in_transaction: z.number(),
}) satisfies z.ZodType<LiveDatabase>;

export const liveView = z
  .object({
    at: timestamp,
    seconds: z.number().describe("Over so many seconds figures are."),
    databases: z.array(liveDatabase),
    slow: z.array(
      z.object({
        database_id: z.string(),
        request_id: z.string(),
        at: timestamp,
        duration_ms: z.number(),
        statement: statementText,
      }),
    ),
  })
  .meta({ id: "Live" }) satisfies z.ZodType<LiveView>;

export const sinceMinutes = z.coerce
  .number()
  .int("must be a whole number")
  .min(1, "must be at least 1")
  .max(525_600, "must be at most 525600")
  .default(60);

export const statementOrder = z.enum(["total", "calls", "mean", "slow"]).default("total");
export const statementRef = databaseRef.extend({ fingerprint: z.string().min(1).max(64) });
export const traceRef = databaseRef.extend({ request_id: z.string().min(1).max(128) });
