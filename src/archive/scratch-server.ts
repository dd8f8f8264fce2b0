/** In charge of servers that exist for the length of one restore: by socket only, with nothing of their own to keep. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { OperationId } from "../base/id.ts";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import type { ServerSpec } from "../runtime/runtime.ts";
import { listUnfinishedOperations } from "../state/operations.ts";

const prefix = "tmp-";

/** @param source whose archive it is replayed from */
export function scratchSpec(home: string, operation: OperationId, source?: string): ServerSpec {
  const name = `${prefix}${operation.slice("op-".length)}`;
  const { dataDirectory, socketDirectory, logFile } = serverLayout(home, name);
  return {
    name,
    dataDirectory,
    socketDirectory,
    logFile,
    tcpPort: null,
    ...(source === undefined ? {} : { readsArchiveOf: [source] }),
    settings: {
      ...replaySettings,
      archive_mode: "off",
      // All of it is thrown away in the end.
      fsync: "off",
      full_page_writes: "off",
      autovacuum: "off",
      max_connections: "20",
      shared_buffers: "64MB",
      max_locks_per_transaction: "256",
    },
  };
}

/** Nobody reads before the moment is reached, and "ready" then means that it is. */
export const replaySettings = { hot_standby: "off" } as const;

/** Of restores that a daemon did not live to see and nobody goes on with. */
export async function sweepScratchServers(platform: Platform): Promise<void> {
  const { home } = platform.config;
  const wanted = new Set(
    (await listUnfinishedOperations(platform.state)).map(({ id }) => scratchSpec(home, id).name),
  );
  for (const folder of ["instances", "run"]) {
    for (const name of await readdir(join(home, folder))) {
      if (!name.startsWith(prefix) || wanted.has(name)) continue;
      if (folder === "instances")
        await platform.runtime.remove(scratchSpec(home, `op-${name.slice(prefix.length)}` as OperationId));
      else await rm(join(home, folder, name), { recursive: true, force: true });
    }
  }
}
