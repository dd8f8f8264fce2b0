/** In charge of the schemas of backups. */
import type { BackupInfo, CreateBackupRequest, DownloadUrl, RestoreRequest } from "@postern/sdk/protocol";
import { z } from "zod";
import { errorBody, timestamp } from "./respond.ts";

export const backupStatus = z.enum(["running", "completed", "failed"]);

const verification = z.object({
  status: z
    .enum(["verified", "failed", "skipped"])
    .describe("Of the last trial restore; `skipped`: it could not be tried."),
  tables: z.int().describe("Compared with those at the time of the backup."),
  rows: z.int(),
  duration_ms: z.int(),
  error: errorBody.nullable(),
});

export const backupInfo = z
  .object({
    id: z.string().describe("`bkp-` and 8 hex digits."),
    database_id: z.string(),
    database_name: z.string(),
    kind: z.enum(["manual", "scheduled", "safety", "final"]),
    status: backupStatus,
    created_at: timestamp,
    finished_at: timestamp.nullable(),
    expires_at: timestamp.nullable(),
    size_bytes: z.int().nullable(),
    checksum: z.string().nullable().describe("SHA-256 of the file, hex."),
    version: z.string().describe("Of the Postgres that wrote the dump."),
    error: errorBody.nullable(),
    verified_at: timestamp.nullable(),
    verification: verification.nullable(),
    store: z.string().describe("Where its file is: `local`, a folder, or `s3://bucket/prefix`."),
    encrypted: z.boolean().describe("Where it is stored; downloads never are."),
  })
  .meta({ id: "Backup" }) satisfies z.ZodType<BackupInfo>;

export const createBackupRequest = z.strictObject({
  retention: z.string().optional().describe("`<n>d` or `<n>h`: how long to keep this one."),
}) satisfies z.ZodType<CreateBackupRequest>;

export const restoreRequest = z.strictObject({
  backup_id: z.string().describe("`bkp-` and 8 hex digits."),
  skip_safety_snapshot: z.boolean().optional().describe("Make no backup of what the restore replaces."),
}) satisfies z.ZodType<RestoreRequest>;

export const backupId = z.object({ id: z.string().describe("`bkp-` and 8 hex digits.") });

export const downloadUrl = z
  .object({ url: z.string(), expires_at: timestamp })
  .meta({ id: "DownloadUrl" }) satisfies z.ZodType<DownloadUrl>;
