/** In charge of the schemas of databases. */
import type {
  CreateDatabaseRequest,
  CreatedDatabase,
  DatabaseInfo,
  DatabaseUrls,
  ScaleRequest,
  UpgradeRequest,
} from "@postern/sdk/protocol";
import { z } from "zod";
import { timestamp } from "./respond.ts";

export const databaseClass = z
  .enum(["db.p1", "db.p2", "db.p3"])
  .describe("`db.p1` development and test, `db.p2` staging and light production, `db.p3` production.");
const isolation = z
  .enum(["shared", "process", "microvm", "external"])
  .describe(
    "`shared`: with others on one Postgres; `process`: a Postgres of its own; `microvm`: a machine of its own; `external`: on a registered instance.",
  );

export const databaseStatus = z.enum([
  "creating",
  "ready",
  "paused",
  "unreachable",
  "read_only",
  "restoring",
  "scaling",
  "upgrading",
  "failed",
  "destroying",
  "destroyed",
]);

const databaseFields = {
  id: z.string().describe("`db-` and 12 hex digits."),
  name: z.string(),
  status: databaseStatus,
  class: databaseClass,
  isolation,
  version: z.string().describe("Of the Postgres server, for example `17.11`."),
  host: z.string().describe("Where SQL over HTTP is served."),
  http_url: z.string(),
  database: z.string().describe("Name inside Postgres."),
  user: z.string().describe("Owner role inside Postgres."),
  size_bytes: z.int().nullable(),
  storage_limit_bytes: z.int().nullable().describe("Beyond it Postern warns and does not refuse."),
  external_instance: z
    .object({ id: z.string(), name: z.string(), status: z.string(), reason: z.string().nullable() })
    .nullable()
    .describe("The registered instance that it is on; null: a server of Postern's own."),
  connections: z.object({ open: z.int(), limit: z.int() }).nullable(),
  healthy: z.boolean().nullable().describe("Does it answer a query now? Null: not asked."),
  warnings: z.array(z.string()),
  owner: z.string(),
  last_backup_at: timestamp.nullable(),
  created_at: timestamp,
  destroyed_at: timestamp.nullable(),
  recoverable_until: timestamp.nullable().describe("Until when a destroyed database can be brought back."),
  client_access: z.boolean().describe("Do an application's users reach it with tokens of their own?"),
  parent_id: z.string().nullable().describe("The database that this one is a branch of."),
  branched_at: timestamp.nullable().describe("Of which moment of its parent a branch's data is."),
  restored_from: z.string().nullable().describe("The database whose data of a moment this one was made of."),
  restored_to: timestamp.nullable().describe("That moment."),
  expires_at: timestamp.nullable().describe("When a branch destroys itself."),
  paused_at: timestamp.nullable().describe("Since when it sleeps; null: it is awake."),
  pause_after_seconds: z
    .int()
    .nullable()
    .describe("Seconds without a statement after which it sleeps by itself; null: it does not."),
  sandbox: z
    .object({
      files: z.enum(["own", "shared"]),
      processes: z.enum(["own", "shared"]),
      process_memory_bytes: z.int(),
      server_memory_bytes: z.int().nullable(),
      server_processes: z.int().nullable(),
    })
    .nullable()
    .describe(
      "What keeps its server from what is not its own, as it is in force now. Null: not asked (lists), its server does not run here now, or it has a machine of its own.",
    ),
  environment: z
    .object({
      project_id: z.string(),
      project: z.string(),
      name: z.string(),
      service: z.string(),
      protected: z.boolean(),
    })
    .nullable()
    .describe("The environment of a project that it serves."),
};

export { databaseFields };

export const databaseInfo = z
  .object(databaseFields)
  .meta({ id: "Database" }) satisfies z.ZodType<DatabaseInfo>;

export const createdDatabase = z
  .object({
    ...databaseFields,
    token: z.string().describe("64 hex digits; shown only now."),
    operation_id: z.string(),
  })
  .meta({ id: "CreatedDatabase" }) satisfies z.ZodType<CreatedDatabase>;

export const createDatabaseRequest = z.strictObject({
  name: z.string().optional().describe("1 to 63 characters of `a-z 0-9 _ -`; made up when absent."),
  class: databaseClass.optional(),
  isolation: isolation.optional(),
  instance: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe("Name or id of the registered instance that it is placed on."),
  instance_labels: z
    .record(z.string().max(63), z.string().max(63))
    .optional()
    .describe("Labels that the registered instance must have."),
  version: z.string().optional().describe("Postgres major, for example `17`."),
  user: z.string().optional().describe("Owner role: 3 to 16 characters of `a-z 0-9 _`."),
  password: z.string().optional().describe("The owner's password: at least 8 characters."),
}) satisfies z.ZodType<CreateDatabaseRequest>;

export const upgradeRequest = z.strictObject({
  to: z.string().describe("Postgres major, for example `17`."),
}) satisfies z.ZodType<UpgradeRequest>;

export const scaleRequest = z.strictObject({ class: databaseClass }) satisfies z.ZodType<ScaleRequest>;

export const databaseUrls = z
  .object({
    pooled: z.string().describe("For applications: through PgBouncer in transaction mode."),
    direct: z.string().describe("For migrations, dumps and sessions."),
    http: z.string(),
    host: z.string(),
    user: z.string(),
    password: z.string(),
    database: z.string(),
    pool_port: z.int(),
    direct_port: z.int(),
  })
  .meta({ id: "DatabaseUrls" }) satisfies z.ZodType<DatabaseUrls>;

/** Postgres stores no NUL, and no name has control characters. */
export const reference = z.string().regex(/^\P{Cc}+$/u, "must not be empty or have control characters");

export const databaseRef = z.object({ ref: reference.describe("Id or name of a database.") });
