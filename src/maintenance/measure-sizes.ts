/**
 * In charge of knowing how large databases are: lists, charts and the storage warning read what this writes. To measure one means to
 * look at every file of it, so one that nobody wrote to is left out, but for once in a while.
 */

import { withLook } from "../instances/awake-session.ts";
import type { Platform } from "../instances/platform.ts";
import { saveDatabaseSizes } from "../state/databases.ts";
import { listInstances } from "../state/instances.ts";

/** Files become smaller without a write, by vacuum. */
const atLeastEveryMs = 15 * 60_000;

const writtenSql = `
  select datname as name, (tup_inserted + tup_updated + tup_deleted)::text || ' ' || coalesce(stats_reset::text, '') as written
    from pg_stat_database where datname like 'db\\_%'`;

interface Measured {
  written: string;
  atMs: number;
}

export function createSizeMeasure(): (platform: Platform) => Promise<void> {
  let measured = new Map<string, Measured>();
  return async (platform) => {
    const now = platform.clock.now().getTime();
    const next = new Map<string, Measured>();
    for (const instance of await listInstances(platform.state)) {
      if (platform.stopping.aborted || instance.status !== "running") continue;
      // One that sleeps has the size that it fell asleep with.
      const found = await withLook(platform, instance, {}, async (client) => {
        const { rows } = await client.query<{ name: string; written: string }>(writtenSql);
        const due: string[] = [];
        for (const { name, written } of rows) {
          const last = measured.get(name);
          const isDue = last?.written !== written || Math.abs(now - last.atMs) >= atLeastEveryMs;
          if (isDue) due.push(name);
          next.set(name, isDue ? { written, atMs: now } : last);
        }
        if (due.length === 0) return [];
        const sizes = await client.query<{ name: string; size: string }>(
          "select datname as name, pg_database_size(oid) as size from pg_database where datname = any ($1)",
          [due],
        );
        return sizes.rows;
      });
      if (found && found.length > 0) await saveDatabaseSizes(platform.state, found);
    }
    measured = next;
  };
}
