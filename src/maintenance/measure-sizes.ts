/** In charge of knowing how large databases are: lists and the storage warning read what this writes. */

import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { saveDatabaseSizes } from "../state/databases.ts";
import { listInstances } from "../state/instances.ts";

export async function measureSizes(platform: Platform): Promise<void> {
  for (const instance of await listInstances(platform.state)) {
    if (platform.stopping.aborted || instance.status !== "running") continue;
    // One that sleeps has the size that it fell asleep with.
    const found = await withLook(platform, instance, {}, (client) =>
      client.query<{ name: string; size: string }>(
        "select datname as name, pg_database_size(oid) as size from pg_database where not datistemplate and datname like 'db\\_%'",
      ),
    );
    if (found) await saveDatabaseSizes(platform.state, found.rows);
  }
}
