/** In charge of where a database is reached by Postern itself: by unix socket, past the pooler. */

import { posternError } from "../base/error.ts";
import type { DatabaseRow } from "../state/databases.ts";
import type { Platform } from "./platform.ts";
import { serverLayout } from "./server-layout.ts";

export interface DatabaseAddress {
  /** Folder of the unix socket. */
  host: string;
  port: 5432;
  database: string;
  /** Owner role; the daemon logs in as any role by the operating system's word (peer). */
  user: string;
  /** How long its server may take to begin, beyond a moment: a machine of its own boots. */
  startsWithinMs?: number;
}

/** Emulated, on a host that does other things too. */
const guestStartsWithinMs = 90_000;

/** @throws Y3004 when the database has no server yet. */
export function databaseAddress(platform: Pick<Platform, "config">, row: DatabaseRow): DatabaseAddress {
  if (row.instance_id === null) throw posternError("Y3004", `Database ${row.name} is not ready yet.`);
  return {
    host: serverLayout(platform.config.home, row.instance_id).socketDirectory,
    port: 5432,
    database: row.database_name,
    user: row.role_name,
    ...(row.isolation === "microvm" && { startsWithinMs: guestStartsWithinMs }),
  };
}

export { adminRole } from "../runtime/server-template.ts";
/** Reads everything for backups, and may do nothing else. */
export const backupRole = "postern_backup";
