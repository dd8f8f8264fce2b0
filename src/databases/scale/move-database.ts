/**
 * In charge of moving a database to another server: copied while it is in use, followed by logical replication, and
 * switched in a short time in which clients wait. What cannot be followed is copied while writes are held.
 */
import type pg from "pg";
import { expiryOf, findPolicy } from "../../backups/backup-policy.ts";
import { discardBackup } from "../../backups/discard-backup.ts";
import { makeBackup } from "../../backups/make-backup.ts";
import { restoreInto } from "../../backups/restore-into.ts";
import { posternError } from "../../base/error.ts";
import { type BackupId, type InstanceId, newBackupId } from "../../base/id.ts";
import { leaveGate } from "../../instances/leave-gate.ts";
import type { OperationRun } from "../../instances/operation-run.ts";
import {
  createTenant,
  databaseExists,
  dropOwner,
  dropPhysicalDatabase,
} from "../../instances/physical-database.ts";
import type { Platform } from "../../instances/platform.ts";
import { provisionInstance, removeInstance } from "../../instances/provision-instance.ts";
import { serverLayout } from "../../instances/server-layout.ts";
import { serverSpec } from "../../instances/server-spec.ts";
import { openInstance } from "../../instances/swap-instances.ts";
import { withAdmin } from "../../instances/with-admin.ts";
import { keepArchiveWish } from "../../state/archives.ts";
import { updateDatabase } from "../../state/databases.ts";
import { exchangePorts, findInstance } from "../../state/instances.ts";
import { mergeOperationInput } from "../../state/operations.ts";
import { pauseAfterOf } from "../pause-rules.ts";
import { type ChangesDoor, openChangesDoor } from "./changes-door.ts";
import { copyRole } from "./copy-role.ts";
import {
  catchUp,
  comeNear,
  dropSlot,
  forgetChanges,
  keepChanges,
  subscribe,
  unsubscribe,
} from "./follow-changes.ts";
import { holdDatabase, releaseDatabase, type Sessions } from "./hold-database.ts";
import { CannotFollow, type Move } from "./move.ts";
import { compareRows, copySequences, findObstacle, readSchemaState } from "./read-tables.ts";

/** Until the switch the database is where it was; behind it, where it goes. Repeatable at any point. */
export async function moveDatabase(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  move: Move,
): Promise<void> {
  if (run.row.input.switched === true) return;
  await clearAttempt(platform, run, move);
  await run.step("new place", () => makePlace(platform, move));
  const obstacle = await withSource(platform, move, findObstacle);
  const reason = obstacle ?? (await followAndSwitch(platform, run, sessions, move));
  if (reason === undefined) return;
  await run.remember({ writes_held: reason });
  if (obstacle === undefined) {
    await clearAttempt(platform, run, move);
    await run.step("new place again", () => makePlace(platform, move));
  }
  await holdAndSwitch(platform, run, sessions, move);
}

/** Returns why it could not be followed; nothing is switched then. */
async function followAndSwitch(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  move: Move,
): Promise<string | undefined> {
  let door: ChangesDoor | undefined;
  try {
    const followed = await run.step("copy", () =>
      keepChanges(platform, run, move, async (snapshot, schema) => {
        await copy(platform, run, move, snapshot);
        return schema;
      }),
    );
    door = await openChangesDoor(platform, move);
    await run.step("catch up", async () => {
      await subscribe(platform, move, door!);
      await comeNear(platform, run, move);
    });
    await run.step("switch", async () => {
      await holdDatabase(platform, sessions, move.from, move.status);
      await withBoth(platform, move, async (source, target) => {
        // Replication carries rows and not definitions.
        if ((await readSchemaState(source)) !== followed)
          throw new CannotFollow("its schema changed meanwhile");
        await catchUp(platform, source, move);
        await unsubscribe(run, target, move);
        await dropSlot(source, move.name);
        await finishCopy(platform, source, target, move);
      });
      await commitSwitch(platform, run, move);
    });
    return undefined;
  } catch (error) {
    if (error instanceof CannotFollow) return error.message;
    throw error;
  } finally {
    await door?.close();
  }
}

async function holdAndSwitch(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  move: Move,
): Promise<void> {
  await run.step("hold writes", () => holdDatabase(platform, sessions, move.from, move.status));
  await run.step("copy", () => copy(platform, run, move));
  await run.step("switch", async () => {
    await withBoth(platform, move, (source, target) => finishCopy(platform, source, target, move));
    await commitSwitch(platform, run, move);
  });
}

/** A dump, which is kept like any safety backup, restored in the new place as the owner and never as a superuser. */
async function copy(platform: Platform, run: OperationRun, move: Move, snapshot?: string): Promise<void> {
  const id = newBackupId();
  await run.remember({ backup: id });
  const expiresAt = expiryOf(platform.clock.now(), await findPolicy(platform, move.from));
  await makeBackup(platform, run, move.from, {
    id,
    kind: "safety",
    expiresAt,
    ...(snapshot && { snapshot }),
  });
  await restoreInto(platform, run, move.to, move.to.database_name, id);
}

/** With nobody writing: what a dump and replication leave out, and the proof that both copies are the same. */
async function finishCopy(
  platform: Platform,
  source: pg.Client,
  target: pg.Client,
  move: Move,
): Promise<void> {
  await copySequences(source, target);
  await compareRows(source, target);
  await copyRole(platform, move);
}

/** The one moment: Postern's tables say where the database is, and the operation knows that they do. */
async function commitSwitch(platform: Platform, run: OperationRun, move: Move): Promise<void> {
  const { from, to } = move;
  if (move.keepsPort) await freePort(platform, from.instance_id as InstanceId);
  await platform.state.transaction(async (tx) => {
    if (move.keepsPort) {
      await exchangePorts(tx, from.instance_id as InstanceId, to.instance_id as InstanceId);
      await keepArchiveWish(tx, from.instance_id!, to.instance_id!);
    }
    await updateDatabase(tx, to.id, {
      instance_id: to.instance_id,
      class: to.class,
      isolation: to.isolation,
      connection_limit: to.connection_limit,
      storage_limit_bytes: to.storage_limit_bytes,
      // What the new server has archived until now is without this database.
      placed_at: platform.clock.now(),
    });
    await mergeOperationInput(tx, run.id, { switched: true });
  });
  run.row.input.switched = true;
}

/** The old server ends: what comes to its port from now on finds the new one there. */
async function freePort(platform: Platform, id: InstanceId): Promise<void> {
  await leaveGate(platform, id);
  await platform.instanceLock.run(id, async () => {
    platform.supervisor.release(id);
    await platform.gate.drop(id).catch(() => {});
    await platform.runtime.stop(serverSpec(platform.config.home, id, null));
  });
}

/** Behind the switch. Clients first; then the old copy goes. Repeatable. */
export async function settle(platform: Platform, run: OperationRun, move: Move): Promise<void> {
  // It is another port than it was made with.
  if (move.keepsPort) await provisionInstance(platform, move.to.instance_id as InstanceId);
  const { socketDirectory } = serverLayout(platform.config.home, move.to.instance_id!);
  await platform.pooler.route({ database: move.to.database_name, socketDirectory });
  await releaseDatabase(platform, move.to);
  await run.step("remove the old copy", () => removeOld(platform, move));
}

async function removeOld(platform: Platform, move: Move): Promise<void> {
  const { from } = move;
  if (from.instance_id !== "shared") return removeInstance(platform, from.instance_id as InstanceId);
  await withAdmin(platform, "shared", "postgres", (client) => dropSlot(client, move.name));
  await dropPhysicalDatabase(platform, from, from.database_name);
  await dropOwner(platform, from);
}

async function makePlace(platform: Platform, { to, major, keepsPort }: Move): Promise<void> {
  // One that takes over a port takes over what stands there too.
  const sleeps = !keepsPort && pauseAfterOf(platform, to) !== null;
  if (to.instance_id !== "shared")
    await provisionInstance(platform, to.instance_id as InstanceId, to.class, { sleeps, major });
  await createTenant(platform, to);
}

/** As it was before the move, whatever an attempt left: the old place in use, the new one gone. Repeatable. */
export async function clearAttempt(platform: Platform, run: OperationRun, move: Move): Promise<void> {
  if (move.keepsPort) await openInstance(platform, move.from, move.from.instance_id as InstanceId);
  await removePlace(platform, run, move);
  await forgetChanges(platform, run, move);
  await releaseDatabase(platform, move.from);
  const backup = run.row.input.backup as BackupId | undefined;
  const reason = posternError("Y3046", "The move that this backup was made for was begun again or given up.");
  if (backup !== undefined) await discardBackup(platform, backup, reason.toBody());
}

async function removePlace(platform: Platform, run: OperationRun, { to, name }: Move): Promise<void> {
  if (to.instance_id !== "shared") return removeInstance(platform, to.instance_id as InstanceId);
  if (!(await findInstance(platform.state, "shared"))) return;
  const isThere = await withAdmin(platform, "shared", "postgres", (client) =>
    databaseExists(client, to.database_name),
  );
  if (isThere)
    await withAdmin(platform, "shared", to.database_name, (target) => unsubscribe(run, target, { name }));
  await dropPhysicalDatabase(platform, to, to.database_name);
  await dropOwner(platform, to);
}

const withSource = <Result>(
  platform: Platform,
  { from }: Move,
  work: (client: pg.Client) => Promise<Result>,
) => withAdmin(platform, from.instance_id!, from.database_name, work);

const withBoth = <Result>(
  platform: Platform,
  { from, to }: Move,
  work: (source: pg.Client, target: pg.Client) => Promise<Result>,
) =>
  withAdmin(platform, from.instance_id!, from.database_name, (source) =>
    withAdmin(platform, to.instance_id!, to.database_name, (target) => work(source, target)),
  );
