/** In charge of giving the HTTP server the functions behind the routes of operations. */

import type { Principal } from "../access/principal.ts";
import { posternError } from "../base/error.ts";
import type { OperationId } from "../base/id.ts";
import { findDatabase } from "../databases/find-database.ts";
import type { OperationService } from "../http/services/server-services.ts";
import { awaitOperation, watchOperation } from "../instances/await-operation.ts";
import { cancelOperation, type Handlers } from "../instances/cancel-operation.ts";
import type { Platform } from "../instances/platform.ts";
import { watchOperations } from "../instances/watch-operations.ts";
import { describeOperation, listOperations, type OperationRow } from "../state/operations.ts";
import { visibleTo } from "./database-services.ts";

export function operationServices(platform: Platform, handlers: Handlers): OperationService {
  return {
    async list(principal, { database, before, limit }) {
      const row =
        database === undefined ? undefined : await findDatabase(platform.state, principal, database);
      const accountId = visibleTo(principal);
      const rows = await listOperations(platform.state, {
        ...(row ? { databaseId: row.id } : {}),
        ...(accountId === null ? {} : { accountId }),
        ...(before !== undefined && { before: before as OperationId }),
        limit,
      });
      return rows.map(describeOperation);
    },
    describe: async (principal, { id, waitMs, signal }) =>
      describeOperation(requireVisible(principal, await awaitOperation(platform, id, waitMs, signal))),
    async cancel(principal, { id }) {
      requireVisible(principal, await awaitOperation(platform, id, 0));
      return describeOperation(await cancelOperation(platform, handlers, id));
    },
    async *watch(principal, { id, signal }) {
      for await (const row of watchOperation(platform, id, signal)) {
        yield describeOperation(requireVisible(principal, row));
      }
    },
    async *watchAll(principal, { signal }) {
      for await (const rows of watchOperations(platform, visibleTo(principal), signal))
        yield rows.map(describeOperation);
    },
  };
}

/** Others' operations are as unknown as those that never were. */
function requireVisible(principal: Principal, row: OperationRow): OperationRow {
  const visible =
    principal.kind === "database"
      ? row.database_id === principal.databaseId
      : principal.role === "admin" || row.account_id === principal.accountId;
  if (visible) return row;
  throw posternError("Y3010", `There is no operation ${row.id}.`, { hint: "`postern ops list` lists them." });
}
