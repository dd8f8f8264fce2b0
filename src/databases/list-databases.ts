/** In charge of the list of databases: one query, whatever their number; no server is asked. */
import type { DatabaseInfo } from "@postern/sdk/protocol";
import type { AccountId } from "../base/id.ts";
import type { Platform } from "../instances/platform.ts";
import { listDatabasesWithFacts } from "../state/databases.ts";
import { listEnvironmentsOfDatabases } from "../state/environment-services.ts";
import { renderRow } from "./describe-database.ts";

/** Newest first. `accountId` null: everybody's. */
export async function listDatabases(
  platform: Platform,
  filter: { accountId: AccountId | null; destroyed: boolean },
): Promise<DatabaseInfo[]> {
  const rows = await listDatabasesWithFacts(platform.state, filter);
  const environments = await listEnvironmentsOfDatabases(
    platform.state,
    rows.map(({ id }) => id),
  );
  return rows.map((row) =>
    renderRow(platform, row, {
      owner: row.owner,
      environment: environments.get(row.id),
      lastBackup: row.last_backup_at,
      version: row.instance_version ?? platform.toolchain.postgresVersion,
    }),
  );
}
