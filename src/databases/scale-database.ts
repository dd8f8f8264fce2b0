/**
 * In charge of giving a database another class. Between the shared instance and one of its own it moves; between two classes
 * with an instance of their own that instance changes. Until the switch everything is as it was.
 */
import type { DatabaseClass, ErrorBody, Isolation, ScaleRequest } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { type AccountId, type InstanceId, newInstanceId } from "../base/id.ts";
import { isOnOwnServer } from "../instances/is-on-own-server.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { majorOf } from "../instances/server-toolchain.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";
import { insertOperation, listOperations, type OperationRow } from "../state/operations.ts";
import type { Queryable } from "../state/state.ts";
import { resumeDatabase } from "./pause-database.ts";
import { requireSharedMajor } from "./postgres-version.ts";
import { refuseByIsolation } from "./refuse-by-isolation.ts";
import { requireReady } from "./require-ready.ts";
import { checkFit } from "./scale/check-fit.ts";
import type { Sessions } from "./scale/hold-database.ts";
import type { Move } from "./scale/move.ts";
import { clearAttempt, moveDatabase, settle } from "./scale/move-database.ts";
import { resizeInstance } from "./scale/resize-instance.ts";
import { tiers } from "./tiers.ts";

interface ScaleInput {
  class: DatabaseClass;
  /** Where it goes. */
  instance: InstanceId | "shared";
  /** As it was before; written down by the first attempt. */
  before?: Pick<
    DatabaseRow,
    "class" | "isolation" | "instance_id" | "connection_limit" | "storage_limit_bytes"
  >;
  switched?: boolean;
  writes_held?: string;
  undoing?: ErrorBody;
}

/** @throws Y3004 Y3043 Y3044 Y3045 Y2060 */
export async function requestScale(
  platform: Platform,
  accountId: AccountId,
  row: DatabaseRow,
  input: ScaleRequest,
): Promise<OperationRow> {
  await refuseSecond(platform, row);
  requireReady(row);
  refuseByIsolation(row, "move");
  const isolation = isolationIn(row, input.class);
  if (row.class === input.class && row.isolation === isolation)
    throw posternError("Y3045", `Database ${row.name} is of class ${row.class} already.`);
  if (isolation === "shared") await requireSharedMajor(platform, row);
  const staysOnOwn = isolation === row.isolation && isOnOwnServer(row);
  await checkFit(platform, row, input.class, !staysOnOwn);
  const own = staysOnOwn ? row.instance_id : newInstanceId();
  const instance = isolation === "shared" ? "shared" : own;
  return platform.state.transaction(async (tx) => {
    // Two at once: the second waits here until the first is written down.
    await tx.query("select from databases where id = $1 for update", [row.id]);
    await refuseSecond({ state: tx }, row);
    return insertOperation(tx, {
      kind: "scale_database",
      databaseId: row.id,
      accountId,
      input: { class: input.class, instance },
    });
  });
}

/** A database in a machine of its own stays there: the machine changes. */
const isolationIn = (row: Pick<DatabaseRow, "isolation">, databaseClass: DatabaseClass): Isolation =>
  row.isolation === "microvm" ? "microvm" : tiers[databaseClass].isolation;

export const scaleDatabase = (sessions: Sessions): OperationHandler => ({
  async run(platform, run) {
    const row = await requireRow(platform, run);
    const input = run.row.input as unknown as ScaleInput;
    // Whoever is moved is awake; nothing is sent to sleep while work on it goes on.
    if (row.paused_at !== null && row.status === "ready") await resumeDatabase(platform, row);
    if (input.before === undefined) {
      const { class: databaseClass, isolation, instance_id, connection_limit, storage_limit_bytes } = row;
      const before = { class: databaseClass, isolation, instance_id, connection_limit, storage_limit_bytes };
      await run.remember({ before });
    }
    const before = input.before!;
    if (before.instance_id === input.instance) {
      await resizeInstance(platform, run, sessions, row, input.class);
    } else {
      const move = await planMove(platform, run, row);
      await moveDatabase(platform, run, sessions, move);
      await settle(platform, run, move);
    }
    return {
      database_id: row.id,
      class: input.class,
      isolation: isolationIn(row, input.class),
      direct_url_changed: before.instance_id !== input.instance,
      writes_held: input.writes_held ?? null,
      backup_id: (run.row.input.backup as string | undefined) ?? null,
    };
  },

  canCancel: ({ switched }) => switched !== true,

  async undo(platform, run) {
    const input = run.row.input as unknown as ScaleInput;
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (!row || input.before === undefined) return;
    if (input.before.instance_id === input.instance) {
      await resizeInstance(platform, run, sessions, row, input.before.class);
      return;
    }
    const move = await planMove(platform, run, row);
    if (input.switched === true) await settle(platform, run, move);
    else await clearAttempt(platform, run, move);
  },
});

async function planMove(platform: Platform, run: OperationRun, row: DatabaseRow): Promise<Move> {
  const { before, class: databaseClass, instance } = run.row.input as unknown as ScaleInput;
  const { isolation, connectionLimit, storageLimitBytes } = tiers[databaseClass];
  return {
    from: { ...row, ...before },
    to: {
      ...row,
      class: databaseClass,
      isolation,
      instance_id: instance,
      connection_limit: connectionLimit,
      storage_limit_bytes: storageLimitBytes === null ? null : String(storageLimitBytes),
    },
    name: `postern_move_${run.id.slice("op-".length)}`,
    status: "scaling",
    major: majorOf((await findInstance(platform.state, "shared"))!.version),
    keepsPort: false,
  };
}

/** @throws Y3043 */
async function refuseSecond({ state }: { state: Queryable }, row: DatabaseRow): Promise<void> {
  const operations = await listOperations(state, { databaseId: row.id, limit: 100 });
  const other = operations.find(
    ({ kind, status }) => kind === "scale_database" && (status === "pending" || status === "running"),
  );
  if (!other) return;
  throw posternError("Y3043", `Database ${row.name} is being moved to another class already.`, {
    hint: `\`postern ops watch ${other.id}\` tells when that is done.`,
  });
}

async function requireRow(platform: Platform, run: OperationRun): Promise<DatabaseRow> {
  const row = await findDatabaseById(platform.state, run.row.database_id!);
  if (!row || row.instance_id === null) throw posternError("Y3001", "The database of this move is gone.");
  return row;
}
