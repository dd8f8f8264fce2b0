/** In charge of ending connections that were opened before a rotation of credentials, once its grace is over. */
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { closeRotation, listDueRotations, type RotatedDatabase } from "../state/credentials.ts";

/** Of all databases for which it is time. Repeatable. */
export async function endOldSessions(platform: Platform): Promise<void> {
  for (const row of await listDueRotations(platform.state)) {
    await platform.pooler.endClients(row.role_name, row.credentials_rotated_at);
    await endDirect(platform, row);
    await closeRotation(platform.state, row);
  }
}

/** Those that came over the socket are Postern's own and the pooler's; their clients are looked at where they log in. */
async function endDirect(platform: Platform, row: RotatedDatabase): Promise<void> {
  await withAdmin(platform, row.instance_id!, "postgres", (client) =>
    client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where usename = $1 and client_addr is not null and backend_start < $2`,
      [row.role_name, row.credentials_rotated_at],
    ),
  );
}
