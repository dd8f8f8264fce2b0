/** In charge of the schemas of registered instances. */
import type {
  DeregisteredInstance,
  RegisteredInstance,
  RegisterInstanceRequest,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { databaseClass } from "./database.ts";
import { timestamp } from "./respond.ts";

export const registeredInstance = z
  .object({
    id: z.string().describe("`ins-` and 12 hex digits."),
    name: z.string(),
    status: z
      .enum(["healthy", "degraded", "unreachable", "read_only", "draining"])
      .describe("What is not healthy is told before that it is draining."),
    since: timestamp.describe("Since when its health is what it is."),
    reason: z.string().nullable().describe("Why it is not healthy."),
    code: z.string().nullable().describe("Of the error that tells so."),
    draining: z.boolean().describe("Nothing new is placed there."),
    hosts: z.array(z.string()).describe("`host:port`, in the order in which they are tried."),
    database: z.string(),
    user: z.string(),
    tls: z.enum(["disable", "require", "verify-ca", "verify-full"]),
    version: z.string().describe("Of Postgres."),
    superuser: z.boolean(),
    classes: z.array(databaseClass).describe("Databases of these classes are placed here."),
    labels: z.record(z.string(), z.string()),
    capacity: z.int().nullable().describe("How many databases it takes."),
    databases: z.int(),
    max_connections: z.int().describe("Sessions that all databases there may hold together."),
    promised_connections: z.int(),
    latency_ms: z.number().nullable(),
    system_identifier: z.string().nullable(),
    extensions: z.array(z.string()),
    warnings: z.array(z.string()).describe("What does not work there as on Postern's own servers."),
    checked_at: timestamp,
    created_at: timestamp,
  })
  .meta({ id: "RegisteredInstance" }) satisfies z.ZodType<RegisteredInstance>;

export const registerInstanceRequest = z.strictObject({
  name: z.string().min(1).max(63),
  dsn: z.string().min(1).max(4_000).describe("`postgres://user:password@host:port/database?sslmode=…`"),
  ca: z.string().max(500_000).optional().describe("Certificates of authorities, PEM."),
  classes: z.array(databaseClass).max(3).optional(),
  labels: z.record(z.string().max(63), z.string().max(63)).optional(),
  capacity: z.int().min(1).max(1_000_000).optional(),
  max_connections: z.int().min(1).max(262_143).optional(),
  insecure: z.boolean().optional().describe("A server nearby may be spoken to in the clear."),
  take_over: z.boolean().optional().describe("It carries the mark of another Postern, which is gone."),
}) satisfies z.ZodType<RegisterInstanceRequest>;

export const deregisteredInstance = z
  .object({ id: z.string(), name: z.string(), left_behind: z.boolean() })
  .meta({ id: "DeregisteredInstance" }) satisfies z.ZodType<DeregisteredInstance>;
