/** In charge of how each kind of server is set up. */

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
    ...archiving,
  },
  /** One database with a server of its own. */
  process: { max_connections: "100", shared_buffers: "32MB", ...archiving },
} as const;

/** @param name `system`, `shared` or an instance's id. */
export function serverSpec(home: string, name: string, tcpPort: number | null): ServerSpec {
  const kind = name === "system" || name === "shared" ? name : "process";
  const { dataDirectory, socketDirectory, logFile, archiveSettingsFile } = serverLayout(home, name);
  const spec = { name, dataDirectory, socketDirectory, logFile, tcpPort, settings: settingsOf[kind] };
  return kind === "system" ? spec : { ...spec, settingsFile: archiveSettingsFile };
}
