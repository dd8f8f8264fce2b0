/** In charge of room for Postern's own sessions as an owner whose application holds every connection it may have. */
import pg from "pg";
import type { DatabaseRow } from "../state/databases.ts";
import { withAdmin } from "./with-admin.ts";

/** Five more connections than usual while `work` goes on. */
export async function withRoomForMore<Result>(
  place: { config: { home: string } },
  row: Pick<DatabaseRow, "instance_id" | "role_name" | "connection_limit">,
  work: () => Promise<Result>,
): Promise<Result> {
  const setLimit = (limit: number) =>
    withAdmin(place, row.instance_id!, "postgres", (client) =>
      client.query(`alter role ${pg.escapeIdentifier(row.role_name)} connection limit ${limit}`),
    );
  await setLimit(row.connection_limit + 5);
  try {
    return await work();
  } finally {
    await setLimit(row.connection_limit);
  }
}
