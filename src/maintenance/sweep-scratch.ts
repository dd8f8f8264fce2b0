/** In charge of databases and roles of trial restores that nobody works with any more: what a failure of a failure may leave. */
import { scratchPattern } from "../databases/verify-backup.ts";
import { withLook } from "../instances/awake-session.ts";
import { dropPhysicalDatabase, dropRoles } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { listInstances } from "../state/instances.ts";
import { listUnfinishedAmong } from "../state/scheduled-operations.ts";

export async function sweepScratch(platform: Platform): Promise<void> {
  for (const instance of await listInstances(platform.state)) {
    if (platform.stopping.aborted || instance.status !== "running") continue;
    const look = await withLook(platform, instance, {}, (client) =>
      client.query<{ name: string }>(
        `select datname as name from pg_database where datname like 'db\\_%\\_verify\\_%'
         union select rolname from pg_roles where rolname like 'db\\_%\\_verify\\_%'`,
      ),
    );
    const operationOf = (name: string) => `op-${scratchPattern.exec(name)?.[1]}`;
    // One that sleeps is looked at when it is awake.
    const found = (look?.rows ?? []).map(({ name }) => name).filter((name) => scratchPattern.test(name));
    const busy = await listUnfinishedAmong(platform.state, found.map(operationOf));
    for (const name of found) {
      if (busy.includes(operationOf(name))) continue;
      await dropPhysicalDatabase(platform, { instance_id: instance.id }, name);
      await dropRoles(platform, instance.id, [name]);
    }
  }
}
