/** In charge of putting structured queries and the log of changes together. */

import { posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import { openClientAccess } from "../databases/client-access.ts";
import { requireReady } from "../databases/require-ready.ts";
import type { Platform } from "../instances/platform.ts";
import { prepareStateLog } from "../instances/state-log.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { findAddress } from "../query/find-address.ts";
import { createRecordService, type RecordService } from "../records/record-service.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";

export const openRecordService = (platform: Platform): RecordService =>
  createRecordService({
    limits: platform.config.limits,
    clientLimits: platform.config.clientLimits,
    observe: platform.observe,
    findAddress: (id) => findAddress(platform, id),
    openClientAccess: (id) => openClientAccess(platform, id),
    prepareLog: async (id) => prepareStateLog(platform, await find(platform, id), platform.clock.now()),
    async withAdmin(id, work) {
      const row = await find(platform, id);
      return withAdmin(platform, row.instance_id!, row.database_name, work);
    },
  });

async function find(platform: Platform, id: DatabaseId): Promise<DatabaseRow> {
  const row = await findDatabaseById(platform.state, id);
  if (!row || row.destroyed_at !== null) throw posternError("Y3001", `There is no database ${id}.`);
  return requireReady(row);
}
