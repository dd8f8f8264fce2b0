/** In charge of the list of databases: one query, whatever their number; no server is asked. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import type { Platform } from "../instances/platform.ts";
import { type DatabaseFilter, listDatabasesWithFacts } from "../state/databases.ts";
import { listEnvironmentsOfDatabases } from "../state/environment-services.ts";
import { listRegistered } from "../state/registered-instances.ts";
import { renderRow } from "./describe-database.ts";

/** Newest first; `total`: how many there are, of which these may be a part. */
export async function listDatabases(
  platform: Platform,
  filter: DatabaseFilter,
): Promise<{ databases: DatabaseInfo[]; total: number }> {
  const rows = await listDatabasesWithFacts(platform.state, filter);
  const environments = await listEnvironmentsOfDatabases(
    platform.state,
    rows.map(({ id }) => id),
  );
  const isSomeExternal = rows.some(({ isolation }) => isolation === "external");
  const registered = isSomeExternal ? await listRegistered(platform.state) : [];
  const databases = rows.map((row) =>
    renderRow(platform, row, {
      owner: row.owner,
      environment: environments.get(row.id),
      registered: registered.find(({ id }) => id === row.instance_id),
      lastBackup: row.last_backup_at,
      version: row.instance_version ?? platform.toolchain.postgresVersion,
    }),
  );
  return { databases, total: rows[0]?.total ?? 0 };
}
