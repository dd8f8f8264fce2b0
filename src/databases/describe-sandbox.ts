/** In charge of what can be said of how a database's server is kept from what is not its own: of the one that runs now. */
import type { ServerSandbox } from "@postern/sdk/protocol";
import type { Platform } from "../instances/platform.ts";
import { serverSpec } from "../instances/server-spec.ts";
import { sandboxOf } from "../runtime/find-postmaster.ts";
import { memoryLimitBytes } from "../runtime/memory-limit.ts";
import { limitsOf } from "../runtime/sandbox/control-groups.ts";
import type { DatabaseRow } from "../state/databases.ts";

export async function describeSandbox(
  { config, runtime }: Pick<Platform, "config" | "runtime">,
  { isolation, instance_id: id }: Pick<DatabaseRow, "isolation" | "instance_id">,
): Promise<ServerSandbox | null> {
  // Another machine, or one of its own.
  if (id === null || isolation === "external" || isolation === "microvm") return null;
  const pid = await runtime.findPid(serverSpec(config.home, id, null));
  if (pid === null) return null;
  const reach = (await sandboxOf(pid)) === undefined ? "shared" : "own";
  const { memoryBytes, processes } = await limitsOf(pid);
  return {
    files: reach,
    processes: reach,
    process_memory_bytes: memoryLimitBytes(),
    server_memory_bytes: memoryBytes,
    server_processes: processes,
  };
}
