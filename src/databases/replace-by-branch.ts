/**
 * In charge of data going from a branch to its parent (promote) or back (reset). The one that gets it keeps its id, URLs,
 * password and tokens; the one that gives it stays as it is. The work is in the queue of the parent.
 */
import { rm } from "node:fs/promises";
import type { ErrorBody } from "@postern/sdk/protocol";
import { copyContent, copyDirectoryOf } from "../backups/copy-content.ts";
import { discardBackup } from "../backups/discard-backup.ts";
import { hasCode, messageOf, posternError } from "../base/error.ts";
import { type AccountId, type BackupId, type InstanceId, newInstanceId } from "../base/id.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { removeInstance, startClone } from "../instances/provision-instance.ts";
import { wakeInstance } from "../instances/sleeping-instance.ts";
import { openInstance, swapInstances } from "../instances/swap-instances.ts";
import { withRoomForMore } from "../instances/with-room-for-more.ts";
import { listWorkOn, listWorkWithBranch } from "../state/branches.ts";
import { type DatabaseRow, findDatabaseById, updateDatabase } from "../state/databases.ts";
import { findInstance } from "../state/instances.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { copyServer, noteMoment } from "./create-branch.ts";
import { makeSafetyBackup } from "./make-safety-backup.ts";
import { requireMajorOf } from "./postgres-version.ts";
import { replaceContent, type Sessions, undoReplacement } from "./replace-content.ts";
import { requireReady } from "./require-ready.ts";

type Kind = "reset_branch" | "promote_branch";

/** @throws Y3070 Y3004 Y3072 Y2060 */
export async function requestReplaceByBranch(
  platform: Platform,
  accountId: AccountId | null,
  branch: DatabaseRow,
  { kind, skipSafetySnapshot }: { kind: Kind; skipSafetySnapshot: boolean },
): Promise<OperationRow> {
  const parent = branch.parent_id && (await findDatabaseById(platform.state, branch.parent_id));
  if (!parent || parent.destroyed_at !== null) throw notABranch(branch, branch.parent_id !== null);
  requireReady(branch);
  requireReady(parent);
  if (kind === "promote_branch") await requireMajorOf(platform, branch, parent);
  return platform.state.transaction(async (tx) => {
    await tx.query("select from databases where id = $1 for update", [branch.id]);
    const under = [...(await listWorkOn(tx, branch.id)), ...(await listWorkWithBranch(tx, branch.id))];
    if (under.length > 0) throw busy(branch, under[0]!);
    // Nothing else is begun with it meanwhile.
    await updateDatabase(tx, branch.id, { status: "restoring" });
    return insertOperation(tx, {
      kind,
      databaseId: parent.id,
      accountId,
      input: {
        branch_id: branch.id,
        fresh_instance: newInstanceId(),
        snapshot: kind === "promote_branch" && !skipSafetySnapshot,
      },
    });
  });
}

export const notABranch = (row: DatabaseRow, hasLostParent = false) =>
  posternError("Y3070", `Database ${row.name} is not a branch${hasLostParent ? " any more" : ""}.`, {
    ...(hasLostParent ? { detail: "The database that it was a branch of is destroyed." } : {}),
    hint: "`postern db branch list` shows the branches of a database.",
  });

export const busy = (row: DatabaseRow, operation: string) =>
  posternError("Y3072", `Database ${row.name} is in use by other work.`, {
    hint: `\`postern ops watch ${operation}\` waits for its end.`,
  });

interface Both {
  /** Gets the data. */
  target: DatabaseRow;
  /** Has it. */
  source: DatabaseRow;
  branch: DatabaseRow;
}

export const replaceByBranch = (sessions: Sessions): OperationHandler => ({
  async run(platform, run) {
    const both = await requireBoth(platform, run);
    const { target, source, branch } = both;
    const own = await isOwnServer(run, both);
    const way = own
      ? await replaceServer(platform, run, sessions, both)
      : await replaceByDump(platform, run, sessions, both);
    if (run.row.kind === "reset_branch") await noteMoment(platform, run, target);
    await updateDatabase(platform.state, branch.id, { status: "ready" });
    return {
      database_id: target.id,
      source_id: source.id,
      way,
      safety_backup_id: run.row.input.safety_backup ?? null,
      skipped_grants: run.row.input.skipped_grants ?? [],
    };
  },

  async undo(platform, run) {
    await rm(copyDirectoryOf(platform.config.home, run), { recursive: true, force: true });
    const safety = run.row.input.safety_backup as BackupId | undefined;
    if (safety) await discardBackup(platform, safety, run.row.input.undoing as ErrorBody);
    const both = await requireBoth(platform, run).catch(() => undefined);
    if (!both) return;
    if (run.row.input.way === "server") await undoServer(platform, run, both);
    else if (run.row.input.way === "dump") await undoReplacement(platform, about(run, both.target));
    for (const { id } of [both.target, both.branch])
      await updateDatabase(platform.state, id, { status: "ready" });
  },
});

/** Decided once: a database may have moved between two attempts only by this operation itself. */
async function isOwnServer(run: OperationRun, { target, source }: Both): Promise<boolean> {
  if (run.row.input.way === undefined) {
    const isOwn = target.isolation === "process" && source.isolation === "process";
    await run.remember({ way: isOwn ? "server" : "dump", old_instance: target.instance_id });
  }
  return run.row.input.way === "server";
}

async function replaceServer(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  { target, source }: Both,
): Promise<string> {
  const { fresh_instance: fresh, old_instance: old } = run.row.input as Record<string, InstanceId>;
  const closeSessions = () => sessions.closeDatabase(target.id);
  if (target.instance_id !== fresh) {
    if (target.paused_at !== null) await wakeInstance(platform, old!);
    // A predecessor may have been killed when the old server was stopped already: it serves until the swap.
    await openInstance(platform, target, old!);
    const way = await copyServer(platform, run, source, target, fresh!);
    await run.remember({ copied: way });
    await updateDatabase(platform.state, target.id, { status: "restoring" });
    await run.step("swap", () => swapInstances(platform, closeSessions, target, old!, fresh!));
  }
  await run.step("open", async () => {
    await openInstance(platform, target, fresh!);
    // Sessions that were opened in the meantime lead to where the database was.
    await closeSessions();
    await updateDatabase(platform.state, target.id, { status: "ready" });
  });
  // Of the stopped server: whatever was written to it until its last moment is in it.
  if (run.row.input.snapshot === true && (await isKept(platform, old!)))
    await run.step("safety backup", async () => {
      await startClone(platform, old!, target.class);
      await makeSafetyBackup(platform, run, { ...target, instance_id: old! }).catch((error: unknown) =>
        explainKept(error, target, old!),
      );
    });
  await run.step("tidy up", () => removeInstance(platform, old!));
  return run.row.input.copied as string;
}

/** False: it was backed up, and a predecessor was killed while it deleted it. */
async function isKept(platform: Platform, id: InstanceId): Promise<boolean> {
  const instance = await findInstance(platform.state, id);
  return instance !== undefined && instance.status !== "removing";
}

/** What cannot be backed up is not deleted either. */
function explainKept(error: unknown, { name }: DatabaseRow, old: InstanceId): never {
  if (!hasCode(error, "Y6002", "Y6005")) throw error;
  throw posternError("Y6002", `${name} has its new data, but the old data could not be backed up.`, {
    detail: `${messageOf(error)}\nThe old server is kept, stopped, as instances/${old} of POSTERN_HOME.`,
    hint: "Free some space; docs/operations.md tells how to get at a server that was kept.",
    cause: error,
  });
}

/** After the swap there is only forward: the new data is in use. The old server is kept unless it is backed up. */
async function undoServer(platform: Platform, run: OperationRun, { target }: Both): Promise<void> {
  const { fresh_instance: fresh, old_instance: old } = run.row.input as Record<string, InstanceId>;
  if (target.instance_id === fresh) {
    await openInstance(platform, target, fresh!);
    return;
  }
  await openInstance(platform, target, old!);
  await removeInstance(platform, fresh!);
}

async function replaceByDump(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  { target, source }: Both,
): Promise<string> {
  await replaceContent(platform, about(run, target), sessions, target, {
    async prepare() {
      if (run.row.input.snapshot === true)
        await run.step("safety backup", () => makeSafetyBackup(platform, run, target));
      await run.remember({ branched_at: platform.clock.now().toISOString() });
    },
    async fill(databaseName) {
      const { skippedGrants } = await withRoomForMore(platform, target, () =>
        copyContent(platform, run, source, { ...target, database_name: databaseName }),
      );
      await run.remember({ skipped_grants: skippedGrants });
    },
  });
  return "dump";
}

/** The same run, as one about that database: what is remembered goes to the one operation. */
const about = (run: OperationRun, { id }: DatabaseRow): OperationRun => ({
  ...run,
  row: { ...run.row, database_id: id },
});

async function requireBoth(platform: Platform, run: OperationRun): Promise<Both> {
  const parent = await findDatabaseById(platform.state, run.row.database_id!);
  const branch = await findDatabaseById(platform.state, run.row.input.branch_id as DatabaseRow["id"]);
  if (!parent?.instance_id || !branch?.instance_id)
    throw posternError("Y3001", "The branch or its parent is gone.");
  return run.row.kind === "reset_branch"
    ? { target: branch, source: parent, branch }
    : { target: parent, source: branch, branch };
}
