/** In charge of counting the work that schedules have begun and that has not ended. */
import type { Queryable } from "./state.ts";

/** Scheduled backups under way or waiting. */
export async function countScheduledBackups(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int from operations
      where status in ('pending', 'running') and kind = 'create_backup' and input->>'kind' = 'scheduled'`,
  );
  return rows[0]!.count;
}
