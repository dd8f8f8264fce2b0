/** In charge of the schemas of projects, environments and what a manifest wishes of them. */
import type {
  ApplyRequest,
  ApplyResult,
  CreateProjectRequest,
  EnvironmentInfo,
  EnvironmentRequest,
  ManagedValues,
  ProjectInfo,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { databaseClass, databaseStatus, databaseUrls, reference } from "./database.ts";
import { operationInfo } from "./operation.ts";
import { timestamp } from "./respond.ts";

export const projectRef = z.object({ project: reference.describe("Id or name of a project.") });
export const environmentRef = projectRef.extend({
  environment: reference.describe("Name of an environment."),
});
export const serviceRef = environmentRef.extend({
  service: reference.describe("Name of a managed service."),
});

export const projectInfo = z
  .object({
    id: z.string().describe("`proj_` and 12 hex digits."),
    name: z.string(),
    owner: z.string(),
    environments: z.array(z.string()).describe("Their names."),
    created_at: timestamp,
  })
  .meta({ id: "Project" }) satisfies z.ZodType<ProjectInfo>;

export const createProjectRequest = z.strictObject({
  name: z.string().describe("1 to 40 characters of `a-z 0-9 _ -`."),
}) satisfies z.ZodType<CreateProjectRequest>;

const isProtected = z.boolean().describe("What destroys its data wants its name beside `--yes`.");

export const environmentInfo = z
  .object({
    project_id: z.string(),
    project: z.string(),
    name: z.string(),
    protected: isProtected,
    services: z.array(
      z.object({
        service: z.string(),
        in_manifest: z.boolean().describe("False: the manifest had it once; its database is left as it is."),
        database: z.object({
          id: z.string(),
          name: z.string(),
          class: databaseClass,
          status: databaseStatus,
        }),
      }),
    ),
    created_at: timestamp,
    applied_at: timestamp.nullable().describe("When a manifest was last applied."),
  })
  .meta({ id: "Environment" }) satisfies z.ZodType<EnvironmentInfo>;

export const environmentRequest = z.strictObject({
  protected: isProtected.optional(),
}) satisfies z.ZodType<EnvironmentRequest>;

const wishes = z.strictObject({
  class: databaseClass,
  engine: z.literal("postgres"),
  engine_version: z.string().optional().describe("Postgres major, for example `17`."),
  backup: z
    .strictObject({
      schedule: z
        .union([z.string().max(200), z.literal(false)])
        .optional()
        .describe("Cron in UTC, or false: none."),
      retention: z.string().optional(),
      snapshot_on_delete: z.boolean().optional(),
      snapshot_on_reset: z.boolean().optional(),
    })
    .optional(),
});

export const applyRequest = z.strictObject({
  project: reference.describe("Id or name; one of that name is made when there is none."),
  environment: z.string(),
  protected: isProtected.optional(),
  services: z.record(z.string().min(1).max(63), wishes).describe("All managed services, by name."),
  plan: z.boolean().optional().describe("Only tell what would be done."),
}) satisfies z.ZodType<ApplyRequest>;

const changeValue = z.union([z.string(), z.boolean()]).nullable();

export const applyResult = z
  .object({
    project_id: z.string().nullable().describe("Null: it would be made."),
    project: z.string(),
    environment: z.string(),
    protected: z.boolean(),
    plan: z.boolean(),
    services: z.array(
      z.object({
        service: z.string(),
        action: z
          .enum(["create", "change", "keep", "leave"])
          .describe("`leave`: the manifest does not have it any more, and its database stays."),
        database: z.object({ id: z.string(), name: z.string() }).nullable(),
        class: databaseClass,
        changes: z.array(
          z.object({
            field: z.enum(["class", "schedule", "retention", "snapshot_on_delete", "snapshot_on_reset"]),
            from: changeValue,
            to: changeValue,
          }),
        ),
        notes: z.array(z.string()),
        operations: z.array(operationInfo).describe("Work that was begun, or goes on already."),
      }),
    ),
  })
  .meta({ id: "Applied" }) satisfies z.ZodType<ApplyResult>;

export const managedValues = databaseUrls
  .extend({
    id: z.string(),
    token: z.string().describe("Of the environment: the same until the credentials are rotated."),
  })
  .meta({ id: "ManagedValues" }) satisfies z.ZodType<ManagedValues>;
