/** In charge of the schemas of recovery to a point in time. */
import type {
  EnablePointInTimeRequest,
  PointInTimeInfo,
  PromoteRequest,
  RecoverRequest,
  RestoreToTimeRequest,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { errorBody, timestamp } from "./respond.ts";

export const pointInTimeInfo = z
  .object({
    status: z.enum(["on", "starting", "off", "unavailable"]),
    reason: z
      .string()
      .nullable()
      .describe("Why it is off or unavailable, or begins later than the database."),
    earliest: timestamp.nullable().describe("The database can be restored to any moment from here"),
    latest: timestamp.nullable().describe("to here, but for the gaps."),
    gaps: z
      .array(z.object({ from: timestamp, to: timestamp.nullable() }))
      .describe("What was written then is not in the archive."),
    lag_seconds: z.int().nullable().describe("What would be lost if the server's disk were lost now."),
    last_full_backup_at: timestamp.nullable(),
    last_backup_at: timestamp.nullable().describe("Full or incremental, of the whole server."),
    retention_days: z.int().nullable(),
    archive_bytes: z.int().nullable().describe("Of the whole server, also of other databases on it."),
    problem: errorBody.nullable(),
  })
  .meta({ id: "PointInTime" }) satisfies z.ZodType<PointInTimeInfo>;

export const restoreToTimeRequest = z.strictObject({
  at: z.string().describe("The moment, in RFC 3339, with its time zone."),
  name: z.string().optional().describe("Of the new database; `<name>-at-<moment>` when absent."),
}) satisfies z.ZodType<RestoreToTimeRequest>;

export const enablePointInTimeRequest = z.strictObject({
  retention_days: z
    .int()
    .min(1)
    .max(365)
    .optional()
    .describe("How far back one can go; the server's when absent."),
}) satisfies z.ZodType<EnablePointInTimeRequest>;

export const promoteRequest = z.strictObject({
  replace: z.string().optional().describe("Id or name; the database that it was restored from when absent."),
}) satisfies z.ZodType<PromoteRequest>;

export const recoverRequest = z.strictObject({
  force: z.boolean().optional().describe("Also where the server runs."),
}) satisfies z.ZodType<RecoverRequest>;

export const serverRef = z.object({
  ref: z.string().describe("`shared`, or a database that has a server of its own."),
});
