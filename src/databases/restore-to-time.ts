/**
 * In charge of having a database as it was at a moment, as a new database beside it. The old one is not touched; whoever
 * finds the new one right puts it in its place with `promote`.
 */

import { describePointInTime } from "../archive/describe-point-in-time.ts";
import { isInGap } from "../archive/plan-archive.ts";
import { chooseBackup, closeArchive } from "../archive/restore-server.ts";
import { hasCode, posternError } from "../base/error.ts";
import { type AccountId, type DatabaseId, type InstanceId, newInstanceId } from "../base/id.ts";
import { hashSecret } from "../base/secrets.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { connectAs } from "../instances/with-admin.ts";
import { findArchivedServer } from "../state/archives.ts";
import {
  type DatabaseRow,
  deleteDatabaseRow,
  findDatabaseById,
  insertDatabase,
  insertToken,
  updateDatabase,
} from "../state/databases.ts";
import { insertOperation } from "../state/operations.ts";
import { listSleepingInstances } from "../state/pauses.ts";
import { requireAvailable } from "./archive-database.ts";
import type { AcceptedDatabase } from "./create-database.ts";
import { draftCopy } from "./draft-copy.ts";
import { checkDatabaseName } from "./name-rules.ts";
import { refuseByIsolation } from "./refuse-by-isolation.ts";
import { requireReady } from "./require-ready.ts";
import { restoreOwnServer, undoOwnServer } from "./restore-own-server.ts";
import { restoreSharedTenant, undoSharedTenant } from "./restore-shared-tenant.ts";

export interface RestoreToTimeInput {
  at: string;
  name?: string | undefined;
}

/** @throws Y1001 Y3002 Y3003 Y3004 Y6020 Y6021 */
export async function requestRestoreToTime(
  platform: Platform,
  accountId: AccountId,
  source: DatabaseRow,
  input: RestoreToTimeInput,
): Promise<AcceptedDatabase> {
  requireReady(source);
  refuseByIsolation(source, "point in time");
  requireAvailable(platform);
  const at = parseMoment(input.at);
  await requireInWindow(platform, source, at);
  const name = checkDatabaseName(input.name ?? nameAt(source.name, at));
  const { row, token } = await draftCopy(platform, source, name);
  try {
    const operation = await platform.state.transaction(async (tx) => {
      await insertDatabase(tx, row);
      await updateDatabase(tx, row.id, { restored_from: source.id, restored_to: at });
      await insertToken(tx, row.id, hashSecret(token), "master");
      return insertOperation(tx, {
        kind: "restore_to_time",
        databaseId: row.id,
        accountId,
        input: {
          source: source.id,
          at: at.toISOString(),
          instance: source.instance_id === "shared" ? "shared" : newInstanceId(),
        },
      });
    });
    return { id: row.id, token, operation };
  } catch (error) {
    if (!hasCode(error, "23505")) throw error;
    throw posternError("Y3002", `There is a database called "${name}" already.`, {
      hint: "Choose another name with --name.",
    });
  }
}

/** @throws Y1001 */
function parseMoment(text: string): Date {
  const at = new Date(
    /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*([zZ]|[+-]\d\d(:?\d\d)?)$/.test(text)
      ? text.replace(/([+-]\d\d)$/, "$1:00")
      : "",
  );
  if (!Number.isNaN(at.getTime())) return at;
  throw posternError("Y1001", `"${text}" is not a moment with its time zone.`, {
    hint: 'For example "2026-11-21 10:15:00Z", or "2026-11-21T11:15:00+01:00".',
  });
}

/** `shop` → `shop-at-20261121-101500`. */
function nameAt(name: string, at: Date): string {
  const stamp = at
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:]/g, "")
    .replace("T", "-");
  return `${name.slice(0, 63 - stamp.length - 4)}-at-${stamp}`;
}

/** @throws Y6020 Y6021 */
async function requireInWindow(platform: Platform, source: DatabaseRow, at: Date): Promise<void> {
  const { earliest, latest, gaps, reason } = await describePointInTime(platform, source);
  if (earliest === null || latest === null)
    throw posternError("Y6020", `${source.name} has no archive to go back in.`, {
      detail: reason ?? "Its first full backup is not done yet.",
      hint: "`postern db pitr enable` switches it on; from then on every moment is kept.",
    });
  if (at < new Date(earliest) || at > new Date(latest))
    throw posternError("Y6021", `${source.name} cannot be taken back to ${at.toISOString()}.`, {
      detail: `Its archive reaches from ${earliest} to ${latest}.`,
      hint: "Choose a moment between the two.",
    });
  if (isInGap(gaps, at))
    throw posternError(
      "Y6021",
      `The archive of ${source.name} lacks what was written at ${at.toISOString()}.`,
      {
        detail: gaps.map((gap) => `Missing: ${gap.from} to ${gap.to ?? "now"}.`).join("\n"),
        hint: "Choose a moment before or after.",
      },
    );
}

export const restoreToTime: OperationHandler = {
  async run(platform, run) {
    const row = await requireRow(platform, run.row.database_id!);
    const source = await requireRow(platform, run.row.input.source as DatabaseId);
    const at = new Date(run.row.input.at as string);
    const server = source.instance_id!;
    const instance = run.row.input.instance as InstanceId | "shared";
    await updateDatabase(platform.state, row.id, { instance_id: instance === "shared" ? "shared" : null });
    await run.step("archive up to now", () => archiveUpToNow(platform, run, server));
    const backup = await chooseBackup(platform, server, at);
    const moment = { source, server, at, backup };
    if (instance === "shared")
      await restoreSharedTenant(platform, run, { ...row, instance_id: "shared" }, moment);
    else await restoreOwnServer(platform, run, { ...row, instance_id: instance }, moment);
    await run.step("first query", () => proveReady(platform, { ...row, instance_id: instance }));
    await updateDatabase(platform.state, row.id, { status: "ready" });
    return { database_id: row.id, restored_from: source.id, restored_to: at.toISOString() };
  },

  canCancel: () => true,

  async undo(platform, run) {
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (!row) return;
    const instance = run.row.input.instance as InstanceId | "shared";
    await platform.pooler.unroute(row.database_name);
    if (instance === "shared") await undoSharedTenant(platform, run, { ...row, instance_id: "shared" });
    else await undoOwnServer(platform, instance);
    await deleteDatabaseRow(platform.state, row.id);
  },
};

/** Once for one restore: what comes later is not asked for. A server that is out of order has archived what it could. */
async function archiveUpToNow(
  platform: Platform,
  run: OperationRun,
  server: InstanceId | "shared",
): Promise<void> {
  if (run.row.input.closed === true) return;
  const archive = await findArchivedServer(platform.state, server);
  const answers = platform.supervisor
    .list()
    .some(({ name, status }) => name === server && status === "running");
  const sleeps = (await listSleepingInstances(platform.state)).has(server);
  if ((answers || sleeps) && archive?.status === "on") await closeArchive(platform, run, server);
  await run.remember({ closed: true });
}

async function proveReady(platform: Platform, row: DatabaseRow): Promise<void> {
  const client = await connectAs(platform, row.instance_id!, row.database_name, row.role_name);
  await client.query("select 1").finally(() => client.end());
}

async function requireRow(platform: Platform, id: DatabaseId): Promise<DatabaseRow> {
  const row = await findDatabaseById(platform.state, id);
  if (row) return row;
  throw posternError("Y3001", `Database ${id} is gone.`);
}
