/** In charge of the schemas that tell how Postern itself is. */
import type { ControlPlaneInfo, DaemonStatus } from "@postern/sdk/protocol";
import { z } from "zod";
import { timestamp } from "./respond.ts";

export const controlPlane = z
  .object({
    id: z.string().describe("`ctl-` and 12 hex digits, new with each start."),
    name: z.string(),
    version: z.string(),
    address: z.string().describe("Of its API."),
    leads: z.boolean().describe("Does it do what one has to do for all?"),
    duties: z.array(z.string()).describe("What it alone does while it leads."),
    operations: z.int().describe("Operations that it is at."),
    status: z
      .enum(["up", "silent", "gone"])
      .describe("Gone: without a word, and the others have taken over what it was at."),
    is_this: z.boolean().describe("Is it the one that answers?"),
    started_at: timestamp,
    last_seen_at: timestamp,
  })
  .meta({ id: "ControlPlane" }) satisfies z.ZodType<ControlPlaneInfo>;

export const daemonStatus = z
  .object({
    status: z.enum(["ready", "starting", "degraded"]),
    version: z.string(),
    pid: z.int(),
    home: z.string(),
    started_at: timestamp,
    api_url: z.string(),
    pool_address: z.string(),
    direct_address: z.string(),
    listen: z.object({
      address: z.string(),
      exposed: z.boolean().describe("Do other machines reach it?"),
      certificate: z
        .object({ names: z.array(z.string()), expires_at: timestamp })
        .nullable()
        .describe("Null: nothing is encrypted."),
    }),
    toolchain: z.object({
      directory: z.string(),
      postgres: z.string(),
      pgbouncer: z.string(),
      pgbackrest: z.string().nullable(),
    }),
    sandbox: z
      .object({ mode: z.enum(["off", "auto", "on"]), available: z.boolean(), reason: z.string().nullable() })
      .describe("Do servers that are started now get a sandbox? The reason says why they do not."),
    services: z.array(
      z.object({
        name: z.string(),
        status: z.enum(["running", "starting", "stopped", "failed"]),
        pid: z.int().nullable(),
        detail: z.string().nullable(),
      }),
    ),
    control_planes: z
      .array(controlPlane)
      .describe("Those that share its tables, itself among them; none where it has tables of its own."),
    workers: z.int().describe("Processes that answer SQL over HTTP; 0: the daemon does it itself."),
    databases: z.object({ total: z.int(), ready: z.int() }),
    disk: z
      .object({ total_bytes: z.int(), free_bytes: z.int(), reserve_bytes: z.int() })
      .describe("Of the home. Below the reserve nothing new begins; what runs goes on."),
    warnings: z.array(z.string()),
  })
  .meta({ id: "Status" }) satisfies z.ZodType<DaemonStatus>;
