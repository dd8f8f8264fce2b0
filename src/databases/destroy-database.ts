/** In charge of destroying a database: a last backup first, which is kept for a week so that it can be brought back. */

import type { ErrorBody } from "@postern/sdk/protocol";
import { createFinalBackup } from "../backups/create-final-backup.ts";
import { discardBackup } from "../backups/discard-backup.ts";
import { posternError } from "../base/error.ts";
import type { AccountId, BackupId } from "../base/id.ts";
import type { OperationHandler } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import type { QueryService } from "../query/query-service.ts";
import { findNewestBackups } from "../state/backups.ts";
import { listDescendants, listWorkWithBranch } from "../state/branches.ts";
import { type DatabaseRow, findDatabaseById, updateDatabase } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { removeData } from "./remove-data.ts";
import { busy } from "./replace-by-branch.ts";
import { requireReady } from "./require-ready.ts";

const dayMs = 86_400_000;

/** @throws Y3004 Y3072 while other work on the database goes on; Y3071 when it has branches */
export async function requestDestroyDatabase(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
  input: { skipSnapshot: boolean; withBranches?: boolean },
): Promise<OperationRow> {
  if (row.status !== "failed") requireReady(row);
  const [work] = await listWorkWithBranch(platform.state, row.id);
  if (work) throw busy(row, work);
  await endBranches(platform, accountId, row, input.withBranches === true);
  return platform.state.transaction(async (tx) => {
    const operation = await insertOperation(tx, {
      kind: "destroy_database",
      databaseId: row.id,
      accountId,
      input: { skip_snapshot: input.skipSnapshot },
    });
    return operation;
  });
}

export const destroyDatabase = (sessions: Pick<QueryService, "closeDatabase">): OperationHandler => ({
  async run(platform, run) {
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (!row || row.status === "destroyed") return { database_id: run.row.database_id };
    const keep = run.row.input.skip_snapshot !== true;
    if (keep && row.status !== "destroying" && !(await hasLastBackup(platform, row))) {
      await run.step("last backup", () => createFinalBackup(platform, run, row).catch(explainNoBackup));
    }
    await updateDatabase(platform.state, row.id, { status: "destroying" });
    await run.step("connections", () => closeConnections(platform, sessions, row));
    await run.step("data", () => removeData(platform, row));
    const now = platform.clock.now();
    await updateDatabase(platform.state, row.id, {
      status: "destroyed",
      instance_id: null,
      paused_at: null,
      destroyed_at: now,
      recoverable_until: keep ? new Date(now.getTime() + platform.config.undeleteDays * dayMs) : null,
    });
    return { database_id: row.id };
  },

  /** Before the data is touched there is nothing to undo; after that there is only forward: to be destroyed once more. */
  async undo(platform, run) {
    const finalBackup = run.row.input.final_backup as BackupId | undefined;
    if (finalBackup) await discardBackup(platform, finalBackup, run.row.input.undoing as ErrorBody);
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (row?.status === "destroying") await updateDatabase(platform.state, row.id, { status: "failed" });
  },
});

/** Of a database that was half destroyed by an attempt before this one: there is no whole data any more to back up. */
async function hasLastBackup(platform: Platform, row: DatabaseRow): Promise<boolean> {
  if (row.status !== "failed") return false;
  const { completed } = await findNewestBackups(platform.state, row.id);
  return completed?.kind === "final";
}

/** The innermost first; none of them keeps a last backup, as none of them was asked for by name. */
async function endBranches(
  platform: Platform,
  accountId: AccountId | null,
  row: DatabaseRow,
  isWanted: boolean,
): Promise<void> {
  const branches = await listDescendants(platform.state, row.id);
  if (branches.length === 0) return;
  if (!isWanted) {
    const names = branches.map(({ name }) => name).join(", ");
    throw posternError("Y3071", `Database ${row.name} has branches: ${names}.`, {
      hint: "Delete them first, or destroy them with it: `--with-branches`.",
    });
  }
  for (const branch of branches) if (branch.status !== "failed") requireReady(branch);
  for (const branch of branches)
    await platform.state.transaction((tx) =>
      insertOperation(tx, {
        kind: "destroy_database",
        databaseId: branch.id,
        accountId,
        input: { skip_snapshot: true },
      }),
    );
}

async function closeConnections(
  platform: Platform,
  sessions: Pick<QueryService, "closeDatabase">,
  row: DatabaseRow,
): Promise<void> {
  await sessions.closeDatabase(row.id);
  await platform.pooler.unroute(row.database_name);
}

function explainNoBackup(error: unknown): never {
  if (error instanceof Error && "code" in error && String(error.code).startsWith("Y6")) {
    throw posternError("Y6002", "The last backup could not be made, so the database was not destroyed.", {
      detail: error.message,
      hint: "`--skip-snapshot` destroys it without one; it can then not be brought back.",
      cause: error,
    });
  }
  throw error;
}
