/**
 * In charge of logs of changes that nobody asks for: a tracked table writes them without Postern's doing. They get their
 * next months' partitions, and lose what is too old.
 */
import { messageOf } from "../base/error.ts";
import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { tendStateLog } from "../instances/state-log.ts";
import { listDatabasesOfInstance } from "../state/databases.ts";
import { listInstances } from "../state/instances.ts";

const dayMs = 86_400_000;

/** One database after the other; what sleeps writes nothing, and is looked at when it is awake. */
export async function keepStateLogs(platform: Platform): Promise<void> {
  const { state, config, clock, stopping } = platform;
  const now = clock.now();
  const keptSince = new Date(now.getTime() - config.stateDays * dayMs);
  for (const instance of await listInstances(state)) {
    if (stopping.aborted || instance.status !== "running") continue;
    for (const { id, database_name: database, status } of await listDatabasesOfInstance(state, instance.id)) {
      if (stopping.aborted || status !== "ready") continue;
      try {
        await withLook(platform, instance, { database }, (client) =>
          tendStateLog(client, { now, keptSince }),
        );
      } catch (error) {
        // One that is busy or going away goes next time.
        platform.observe({
          type: "maintenance",
          task: `keep the log of changes of ${id}`,
          event: "failed",
          detail: messageOf(error),
        });
      }
    }
  }
}
