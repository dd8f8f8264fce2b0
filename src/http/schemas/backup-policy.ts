/** In charge of the schemas of backup policies. */
import type { BackupPolicyInfo, BackupPolicyRequest, BackupStatusInfo } from "@postern/sdk/protocol";
import { z } from "zod";
import { backupInfo } from "./backup.ts";
import { pointInTimeInfo } from "./point-in-time.ts";
import { timestamp } from "./respond.ts";

export const backupPolicyRequest = z.strictObject({
  schedule: z
    .union([z.string().max(200), z.literal(false)])
    .nullable()
    .optional()
    .describe("Cron in UTC, five fields; `off` or false: none; null: the class's."),
  retention: z.string().nullable().optional().describe("`<n>h`, `<n>d` or `<n>w`; null: the class's."),
  snapshot_on_delete: z.boolean().nullable().optional().describe("Keep a last backup when it is destroyed."),
  snapshot_on_reset: z.boolean().nullable().optional().describe("Make a backup before it is reset."),
}) satisfies z.ZodType<BackupPolicyRequest>;

const policyFields = {
  schedule: z.string().nullable().describe("Cron in UTC; null: none."),
  retention: z.string(),
  snapshot_on_delete: z.boolean(),
  snapshot_on_reset: z.boolean(),
  own: z
    .array(z.enum(["schedule", "retention", "snapshot_on_delete", "snapshot_on_reset"]))
    .describe("Which of these were set for this database; the others are its class's."),
  next_run_at: timestamp.nullable(),
};

export const backupPolicyInfo = z
  .object(policyFields)
  .meta({ id: "BackupPolicy" }) satisfies z.ZodType<BackupPolicyInfo>;

export const backupStatusInfo = z
  .object({
    ...policyFields,
    database_id: z.string(),
    name: z.string(),
    last_backup_at: timestamp.nullable(),
    latest: backupInfo.nullable().describe("The newest that is complete."),
    last_verified: backupInfo.nullable().describe("The newest whose trial restore went well."),
    overdue: z.boolean().describe("Is a scheduled backup missing for more than an hour?"),
    overdue_since: timestamp.nullable(),
    failures: z.int().describe("Scheduled backups that failed since one succeeded."),
    last_failure: backupInfo.nullable().describe("The newest that failed, if none succeeded since."),
    completed: z.int(),
    running: z.int(),
    failed: z.int(),
    point_in_time: pointInTimeInfo,
  })
  .meta({ id: "BackupState" }) satisfies z.ZodType<BackupStatusInfo>;
