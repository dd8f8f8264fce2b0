/** In charge of how each kind of server is set up. */

import { dirname } from "node:path";
import type { DatabaseClass } from "@postern/sdk/protocol";
import type { ServerSpec } from "../runtime/runtime.ts";
import { serverLayout } from "./server-layout.ts";

/**
 * Whether a server archives at all can be set at its start only. So all do, with a command that keeps nothing: switching
 * on is then a matter of another command and a reload.
 */
const archiving = { archive_mode: "on", archive_command: "/bin/true" } as const;

const settingsOf = {
  /** Postern's own tables: few connections, nobody else's. */
  system: { max_connections: "60", shared_buffers: "32MB", log_min_messages: "warning" },
  /** Many small databases of people who do not know each other. */
  shared: {
    max_connections: "300",
    shared_buffers: "128MB",
    max_locks_per_transaction: "256",
    max_wal_size: "2GB",
    // Several databases may move here or away at a time.
    max_replication_slots: "30",
    max_wal_senders: "30",
    max_logical_replication_workers: "12",
    max_worker_processes: "24",
    ...archiving,
  },
} as const;

/** One database with a server of its own. */
const settingsOfClass: Record<DatabaseClass, Record<string, string>> = {
  "db.p1": { max_connections: "60", shared_buffers: "32MB", ...archiving },
  "db.p2": { max_connections: "100", shared_buffers: "32MB", ...archiving },
  "db.p3": {
    max_connections: "200",
    shared_buffers: "128MB",
    work_mem: "16MB",
    effective_cache_size: "1GB",
    ...archiving,
  },
};

/** Of a machine of its own; a disk takes room as it fills. */
const diskGigabytesOfClass: Record<DatabaseClass, number> = { "db.p1": 64, "db.p2": 128, "db.p3": 256 };

/** @param name `system`, `shared` or an instance's id. @param databaseClass counts for instances of one database */
export function serverSpec(
  home: string,
  name: string,
  tcpPort: number | null,
  databaseClass: DatabaseClass | null = null,
): ServerSpec {
  const settings =
    name === "system" || name === "shared" ? settingsOf[name] : settingsOfClass[databaseClass ?? "db.p2"];
  const { dataDirectory, socketDirectory, logFile, archiveSettingsFile } = serverLayout(home, name);
  const spec = { name, dataDirectory, socketDirectory, logFile, tcpPort, settings };
  // At log-ins it asks the servers themselves for passwords.
  if (name === "system") return { ...spec, asksServersIn: dirname(socketDirectory) };
  const own = { ...spec, settingsFile: archiveSettingsFile };
  if (name === "shared") return { ...own, countsStatements: 5_000 };
  return {
    ...own,
    countsStatements: 1_000,
    diskGigabytes: diskGigabytesOfClass[databaseClass ?? "db.p1"],
  };
}
