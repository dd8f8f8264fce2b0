/** In charge of giving the HTTP server the functions behind the routes of recovery. */
import type { Principal } from "../access/principal.ts";
import { describePointInTime } from "../archive/describe-point-in-time.ts";
import { posternError } from "../base/error.ts";
import { requestDisablePointInTime, requestEnablePointInTime } from "../databases/archive-database.ts";
import { describeRow } from "../databases/describe-database.ts";
import { findDatabase } from "../databases/find-database.ts";
import { requestPromote } from "../databases/promote-database.ts";
import { requestRecoverServer } from "../databases/recover-server.ts";
import { requestRestoreToTime } from "../databases/restore-to-time.ts";
import type { PointInTimeService } from "../http/services/backup-services.ts";
import type { Platform } from "../instances/platform.ts";
import { listRestoredFrom } from "../state/branches.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { findInstance, type InstanceRow } from "../state/instances.ts";
import { describeOperation } from "../state/operations.ts";

export function pointInTimeServices(platform: Platform): PointInTimeService {
  const find = (principal: Principal, ref: string) => findDatabase(platform.state, principal, ref);
  return {
    describe: async (principal, { ref }) => describePointInTime(platform, await find(principal, ref)),
    enable: async (principal, { ref, retention_days }) =>
      describeOperation(
        await requestEnablePointInTime(
          platform,
          principal.accountId,
          await find(principal, ref),
          retention_days,
        ),
      ),
    disable: async (principal, { ref }) =>
      describeOperation(
        await requestDisablePointInTime(platform, principal.accountId, await find(principal, ref)),
      ),
    async listRestored(principal, { ref }) {
      const source = await find(principal, ref);
      const rows = await listRestoredFrom(platform.state, source.id);
      return Promise.all(
        rows.filter((row) => isVisible(principal, row)).map((row) => describeRow(platform, row)),
      );
    },
    async restore(principal, { ref, ...input }) {
      const source = await find(principal, ref);
      const accepted = await requestRestoreToTime(platform, principal.accountId, source, input);
      const info = await describeRow(platform, (await findDatabaseById(platform.state, accepted.id))!);
      return { ...info, token: accepted.token, operation_id: accepted.operation.id };
    },
    async promote(principal, { ref, replace }) {
      const row = await find(principal, ref);
      const replaced = replace === undefined ? undefined : await find(principal, replace);
      return describeOperation(await requestPromote(platform, principal.accountId, row, replaced));
    },
    async recover(principal, { ref, force }) {
      const id = await serverOf(platform, principal, ref);
      return describeOperation(await requestRecoverServer(platform, principal.accountId, id, force));
    },
  };
}

/** A token is of one database, and tells nothing of others. */
const isVisible = (principal: Principal, row: DatabaseRow): boolean =>
  principal.kind === "account" &&
  (principal.role === "admin" || row.account_id === (principal.accountId as string));

/** @throws Y6028 Y3001 */
async function serverOf(platform: Platform, principal: Principal, ref: string): Promise<InstanceRow["id"]> {
  const instance = await findInstance(platform.state, ref as InstanceRow["id"]);
  if (instance) return instance.id;
  const row = await findDatabase(platform.state, principal, ref);
  if (row.instance_id !== null && row.instance_id !== "shared") return row.instance_id;
  throw posternError("Y6028", `${row.name} has no server of its own.`, {
    hint: "`postern recover shared` recovers the server that databases share.",
  });
}
