/**
 * In charge of giving a database a newer major of Postgres: a new server beside the old one is filled while that is in
 * use, compared with it, and takes its place and its port. Never in place; until the switch everything is as it was.
 */
import type { ErrorBody, UpgradeRequest, UpgradeResult } from "@postern/sdk/protocol";
import { requireDiskSpace } from "../base/disk-space.ts";
import { posternError } from "../base/error.ts";
import { type AccountId, type InstanceId, newInstanceId } from "../base/id.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { availableExtensions } from "../runtime/available-extensions.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";
import { insertOperation, listOperations, type OperationRow } from "../state/operations.ts";
import type { Queryable } from "../state/state.ts";
import { resumeDatabase } from "./pause-database.ts";
import { chooseMajor, havePostgres, majorOfServer } from "./postgres-version.ts";
import { refuseByIsolation } from "./refuse-by-isolation.ts";
import { requireReady } from "./require-ready.ts";
import type { Sessions } from "./scale/hold-database.ts";
import type { Move } from "./scale/move.ts";
import { clearAttempt, moveDatabase, settle } from "./scale/move-database.ts";

interface UpgradeInput {
  major: string;
  /** Where it goes. */
  instance: InstanceId;
  /** Where it is, and the version there; written down by the first attempt. */
  before?: { instance: InstanceId; version: string };
  switched?: boolean;
  writes_held?: string;
  backup?: string;
  undoing?: ErrorBody;
}

/** @throws Y3009 Y2060 Y2061 Y2062 Y2063 Y2064 Y3004 Y4051 */
export async function requestUpgrade(
  platform: Platform,
  accountId: AccountId,
  row: DatabaseRow,
  input: UpgradeRequest,
): Promise<OperationRow> {
  await refuseSecond(platform, row);
  requireReady(row);
  refuseByIsolation(row, "upgrade");
  const major = await chooseMajor(platform, input.to);
  await requireNewer(platform, row, major);
  await requireDiskSpace(platform, 2 * Number(row.size_bytes ?? 0), `The upgrade of ${row.name}`);
  if (await platform.majors.isReady(major)) await requireExtensions(platform, row, major);
  return platform.state.transaction(async (tx) => {
    // Two at once: the second waits here until the first is written down.
    await tx.query("select from databases where id = $1 for update", [row.id]);
    await refuseSecond({ state: tx }, row);
    return insertOperation(tx, {
      kind: "upgrade_database",
      databaseId: row.id,
      accountId,
      input: { major, instance: newInstanceId() },
    });
  });
}

export const upgradeDatabase = (sessions: Sessions): OperationHandler => ({
  async run(platform, run): Promise<UpgradeResult> {
    const input = run.row.input as unknown as UpgradeInput;
    const row = await requireRow(platform, run);
    if (row.paused_at !== null && row.status === "ready") await resumeDatabase(platform, row);
    await noteBefore(platform, run, row);
    await havePostgres(platform, run, input.major);
    if (input.switched !== true)
      await run.step("check extensions", () => requireExtensions(platform, row, input.major));
    const move = planMove(run, row);
    await moveDatabase(platform, run, sessions, move);
    await settle(platform, run, move);
    await run.step("analyze", () => analyze(platform, move.to));
    const { version } = (await findInstance(platform.state, input.instance))!;
    return {
      database_id: row.id,
      from: input.before!.version,
      to: version,
      writes_held: input.writes_held ?? null,
      backup_id: input.backup ?? null,
    };
  },

  canCancel: ({ switched }) => switched !== true,

  async undo(platform, run) {
    const input = run.row.input as unknown as UpgradeInput;
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (!row || input.before === undefined) return;
    const move = planMove(run, row);
    if (input.switched === true) await settle(platform, run, move);
    else await clearAttempt(platform, run, move);
  },
});

async function noteBefore(platform: Platform, run: OperationRun, row: DatabaseRow): Promise<void> {
  if (run.row.input.before !== undefined) return;
  const { version } = (await findInstance(platform.state, row.instance_id!))!;
  // The queue is one after the other: it may have been upgraded or moved since it was asked for.
  await requireNewer(platform, row, run.row.input.major as string);
  await run.remember({ before: { instance: row.instance_id, version } });
}

function planMove(run: OperationRun, row: DatabaseRow): Move {
  const { before, instance, major } = run.row.input as unknown as UpgradeInput;
  return {
    from: { ...row, instance_id: before!.instance },
    to: { ...row, instance_id: instance },
    name: `postern_move_${run.id.slice("op-".length)}`,
    status: "upgrading",
    major,
    keepsPort: true,
  };
}

/** @throws Y2060 Y2061 Y2062 */
async function requireNewer(platform: Platform, row: DatabaseRow, major: string): Promise<void> {
  refuseByIsolation(row, "upgrade");
  const now = await majorOfServer(platform, row.instance_id!);
  if (now === major) throw posternError("Y2061", `Database ${row.name} runs Postgres ${major} already.`);
  if (Number(major) < Number(now))
    throw posternError(
      "Y2062",
      `Database ${row.name} runs Postgres ${now}; there is no way back to ${major}.`,
      {
        detail: "A newer Postgres writes what an older one cannot read.",
        hint: `\`postern db create --version ${major}\` makes another database of that version.`,
      },
    );
  if (row.isolation === "shared")
    throw posternError("Y2060", `Database ${row.name} is on the shared server, which runs Postgres ${now}.`, {
      hint: `Give it a server of its own first: postern db scale ${row.name} --class db.p2`,
    });
}

/** @throws Y2064 naming what the new major has not */
async function requireExtensions(platform: Platform, row: DatabaseRow, major: string): Promise<void> {
  const available = await availableExtensions(await platform.majors.get(major), platform.account);
  if (!available) return;
  const { rows } = await withAdmin(platform, row.instance_id!, row.database_name, (client) =>
    client.query<{ name: string }>("select extname as name from pg_extension order by extname"),
  );
  const missing = rows.map(({ name }) => name).filter((name) => !available.has(name));
  if (missing.length === 0) return;
  throw posternError("Y2064", `Postgres ${major} has not every extension that ${row.name} uses.`, {
    detail: `Missing: ${missing.join(", ")}.`,
    hint: "Drop what is not needed any more, or install its package for that version where Postgres is the system's.",
  });
}

/** The statistics of what came by replication. The new server is in use by now: without them it is slower, not wrong. */
async function analyze(platform: Platform, { instance_id, database_name }: DatabaseRow): Promise<void> {
  await withAdmin(platform, instance_id!, database_name, (client) => client.query("analyze")).catch(
    (error: unknown) => platform.observe({ type: "fault", where: `analyzing ${database_name}`, error }),
  );
}

/** @throws Y2063 */
async function refuseSecond({ state }: { state: Queryable }, row: DatabaseRow): Promise<void> {
  const operations = await listOperations(state, { databaseId: row.id, limit: 100 });
  const other = operations.find(
    ({ kind, status }) => kind === "upgrade_database" && (status === "pending" || status === "running"),
  );
  if (!other) return;
  throw posternError("Y2063", `Database ${row.name} is being upgraded already.`, {
    hint: `\`postern ops watch ${other.id}\` tells when that is done.`,
  });
}

async function requireRow(platform: Platform, run: OperationRun): Promise<DatabaseRow> {
  const row = await findDatabaseById(platform.state, run.row.database_id!);
  if (!row || row.instance_id === null) throw posternError("Y3001", "The database of this upgrade is gone.");
  return row;
}
