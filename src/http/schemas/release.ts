/** In charge of the schemas of releases and of the services that run of them. */
import type {
  DeployRequest,
  LogPart,
  ReleaseInfo,
  RollbackRequest,
  RunningService,
  StartedRelease,
  UploadInfo,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { operationInfo } from "./operation.ts";
import { environmentRef } from "./project.ts";
import { errorBody, timestamp } from "./respond.ts";

export const uploadInfo = z
  .object({ id: z.string(), size_bytes: z.int() })
  .meta({ id: "Upload" }) satisfies z.ZodType<UploadInfo>;

export const deployRequest = z.strictObject({
  upload: z.string().max(64).describe("Id of an upload."),
  manifest: z
    .string()
    .max(1024 * 1024)
    .describe("Text of postern.yaml."),
  variables: z
    .record(z.string(), z.record(z.string(), z.string().max(128 * 1024)))
    .optional()
    .describe(
      "What each service is given; `${managed.<service>.<field>}` is filled in whenever it is started.",
    ),
  accept_data_loss: z.boolean().optional().describe("Lets `prisma db push` drop what holds data."),
}) satisfies z.ZodType<DeployRequest>;

export const releaseInfo = z
  .object({
    project_id: z.string(),
    environment: z.string(),
    number: z.int().describe("Counts up from 1 for each environment."),
    status: z.enum(["deploying", "active", "superseded", "rolled_back", "failed"]),
    operation_id: z.string(),
    services: z.array(z.string()),
    variables: z.record(z.string(), z.array(z.string())).describe("Names only, by service."),
    backup_id: z.string().nullable().describe("Made before its schema was changed."),
    has_files: z.boolean().describe("It can be put back."),
    error: errorBody.nullable(),
    created_at: timestamp,
    activated_at: timestamp.nullable(),
    ended_at: timestamp.nullable(),
  })
  .meta({ id: "Release" }) satisfies z.ZodType<ReleaseInfo>;

export const startedRelease = z
  .object({ release: releaseInfo, operation: operationInfo })
  .meta({ id: "StartedRelease" }) satisfies z.ZodType<StartedRelease>;

export const rollbackRequest = z
  .strictObject({ to: z.int().min(1).optional().describe("Number of a release.") })
  .optional() satisfies z.ZodType<RollbackRequest | undefined>;

export const runningService = z
  .object({
    service: z.string(),
    release: z.int(),
    state: z.enum(["running", "starting", "waiting", "stopped"]),
    pid: z.int().nullable(),
    restarts: z.int(),
    url: z.string().nullable(),
    detail: z.string().nullable().describe("Why it waits or stopped."),
  })
  .meta({ id: "RunningService" }) satisfies z.ZodType<RunningService>;

export const logQuery = z.object({
  lines: z.coerce.number().int().min(0).max(10_000).optional().describe("The last ones; 100 when absent."),
  offset: z.coerce.number().int().min(0).optional().describe("What follows from here instead."),
});

export const logPart = z
  .object({ text: z.string(), offset: z.int().describe("Ask for what follows from here.") })
  .meta({ id: "LogPart" }) satisfies z.ZodType<LogPart>;

export const environmentServiceRef = environmentRef.extend({ service: z.string().max(63) });
export const releaseRef = environmentRef.extend({ number: z.coerce.number().int().min(1) });
