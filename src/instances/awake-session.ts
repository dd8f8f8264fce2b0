/** In charge of a look at a server that must not wake it: by its own socket, past its door. */
import type pg from "pg";
import { hasCode } from "../base/error.ts";
import { openClient } from "../postgres/open-client.ts";
import { adminRole } from "../runtime/server-template.ts";
import type { InstanceRow } from "../state/instances.ts";
import type { Platform } from "./platform.ts";
import { serverLayout } from "./server-layout.ts";

export interface LookOptions {
  /** In which database; `postgres` unless said otherwise. */
  database?: string;
}

/** Nobody there, or on the way up or down. */
const absent = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "57P03", "57P01"];

/**
 * A superuser's session on a server that is awake; undefined when it is not. What it does is not counted as use of the
 * database: `track_activities` is off.
 */
export async function openLook(
  { config }: Pick<Platform, "config">,
  instance: Pick<InstanceRow, "id" | "tcp_port">,
  { database = "postgres" }: LookOptions = {},
): Promise<pg.Client | undefined> {
  const session = {
    host: serverLayout(config.home, instance.id).socketDirectory,
    // Of a registered server there is no port of this machine.
    port: Math.max(instance.tcp_port, 0) || 5432,
    user: adminRole,
    database,
    application_name: "postern",
    // Only a superuser may set it, and what is registered does not sleep.
    ...(instance.tcp_port > 0 && { options: "-c track_activities=off" }),
  };
  try {
    return await openClient(session);
  } catch (error) {
    if (hasCode(error, ...absent) || /terminated unexpectedly/.test((error as Error).message))
      return undefined;
    throw error;
  }
}

export async function withLook<Result>(
  place: Pick<Platform, "config">,
  instance: Pick<InstanceRow, "id" | "tcp_port">,
  options: LookOptions,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result | undefined> {
  const client = await openLook(place, instance, options);
  if (!client) return undefined;
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
