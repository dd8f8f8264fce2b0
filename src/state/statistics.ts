/** In charge of numbers about everything, for metrics. */
import type { Queryable } from "./state.ts";

export interface Statistics {
  databasesByStatus: Record<string, number>;
  operationsByStatus: Record<string, number>;
  /** Those that are not destroyed. */
  databases: { id: string; size_bytes: string | null; last_backup_at: Date | null }[];
}

type Count = { status: string; count: number };

export async function readStatistics(db: Queryable): Promise<Statistics> {
  const databases = await db.query<Count>("select status, count(*)::int from databases group by status");
  const operations = await db.query<Count>("select status, count(*)::int from operations group by status");
  const { rows } = await db.query<Statistics["databases"][number]>(
    `select d.id, d.size_bytes::text, b.last_backup_at
       from databases d
       left join (select database_id, max(created_at) as last_backup_at
                    from backups where status = 'completed' group by database_id) b on b.database_id = d.id
      where d.destroyed_at is null`,
  );
  return {
    databasesByStatus: withZeros(
      ["creating", "ready", "restoring", "scaling", "upgrading", "failed", "destroying", "destroyed"],
      databases.rows,
    ),
    operationsByStatus: withZeros(["pending", "running", "completed", "failed", "canceled"], operations.rows),
    databases: rows,
  };
}

/** A graph without a line is not a graph at zero. */
const withZeros = (statuses: readonly string[], rows: readonly Count[]): Record<string, number> =>
  Object.fromEntries([
    ...statuses.map((status) => [status, 0]),
    ...rows.map(({ status, count }) => [status, count]),
  ]);
