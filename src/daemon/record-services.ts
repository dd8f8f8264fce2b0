/** In charge of putting structured queries and the log of changes together. */

import type { Principal } from "../access/principal.ts";
import { posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import { openClientAccess } from "../databases/client-access.ts";
import { findDatabase } from "../databases/find-database.ts";
import { requireReady } from "../databases/require-ready.ts";
import type { StateService } from "../http/services/state-services.ts";
import type { Platform } from "../instances/platform.ts";
import { prepareStateLog, type RequestSigner } from "../instances/state-log.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { findAddress } from "../query/find-address.ts";
import { requestTimes } from "../records/open-requests.ts";
import { createRecordService, type RecordService } from "../records/record-service.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";

export const openRecordService = (platform: Platform): RecordService =>
  createRecordService({
    limits: platform.config.limits,
    clientLimits: platform.config.clientLimits,
    observe: platform.observe,
    holder: platform.config.sharedState?.name,
    times: requestTimes(platform.config.requestIdleMs),
    findAddress: (id) => findAddress(platform, id),
    openClientAccess: (id) => openClientAccess(platform, id),
    prepareLog: (id) => prepareLog(platform, id),
    async withAdmin(id, work) {
      const row = await find(platform, id);
      return withAdmin(platform, row.instance_id!, row.database_name, work);
    },
  });

/** Makes the log of changes ready. @throws Y3001 Y3004 */
export async function prepareLog(platform: Platform, id: DatabaseId): Promise<RequestSigner> {
  const now = platform.clock.now();
  const keptSince = new Date(now.getTime() - platform.config.stateDays * 86_400_000);
  return prepareStateLog(platform, await find(platform, id), { now, keptSince });
}

export function stateServices(platform: Platform, records: RecordService): StateService {
  const idOf = async (principal: Principal, ref: string): Promise<DatabaseId> =>
    requireReady(await findDatabase(platform.state, principal, ref)).id;
  return {
    history: async (principal, { ref, ...question }) => records.history(await idOf(principal, ref), question),
    blame: async (principal, { ref, ...question }) => records.blame(await idOf(principal, ref), question),
    request: async (principal, { ref, request }) => records.request(await idOf(principal, ref), request),
    listTracked: async (principal, { ref }) => records.listTracked(await idOf(principal, ref)),
    track: async (principal, { ref, ...input }) => records.track(await idOf(principal, ref), input),
    untrack: async (principal, { ref, table }) => records.untrack(await idOf(principal, ref), table),
    restore: async (principal, { ref, ...input }, requestId) =>
      records.restoreRow(await idOf(principal, ref), input, requestId),
  };
}

async function find(platform: Platform, id: DatabaseId): Promise<DatabaseRow> {
  const row = await findDatabaseById(platform.state, id);
  if (!row || row.destroyed_at !== null) throw posternError("Y3001", `There is no database ${id}.`);
  return requireReady(row);
}
