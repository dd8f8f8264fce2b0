/** In charge of removing what a database holds: from the shared server, or with its own. */

import type { InstanceId } from "../base/id.ts";
import { isOnOwnServer } from "../instances/is-on-own-server.ts";
import { dropOwner, dropPhysicalDatabase } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { removeInstance } from "../instances/provision-instance.ts";
import type { DatabaseRow } from "../state/databases.ts";

/** Repeatable; its row stays. */
export async function removeData(platform: Platform, row: DatabaseRow): Promise<void> {
  if (row.instance_id === null) return;
  if (!isOnOwnServer(row)) {
    await dropPhysicalDatabase(platform, row, row.database_name);
    await dropOwner(platform, row);
  } else {
    await removeInstance(platform, row.instance_id as InstanceId);
  }
}
