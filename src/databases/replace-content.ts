/**
 * In charge of giving a database other content: a fresh one is filled beside it, and when it is whole the two change
 * names. Until then the old data is untouched and in use. Repeatable, and safe against the end of the daemon at any point.
 */
import { posternError } from "../base/error.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import { createPhysicalDatabase, databaseExists } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import type { QueryService } from "../query/query-service.ts";
import { type DatabaseRow, findDatabaseById, updateDatabase } from "../state/databases.ts";
import { noteReplaced } from "../state/replaced-databases.ts";
import { type SwapNames, swapDatabases, undoSwap } from "./swap-databases.ts";

export type Sessions = Pick<QueryService, "closeDatabase">;

export interface Replacement {
  /** What must hold, and what is kept of the old content; the old data is in use. */
  prepare(): Promise<void>;
  /** Fills the fresh database, which is as new. */
  fill(databaseName: string): Promise<void>;
}

export async function replaceContent(
  platform: Platform,
  run: OperationRun,
  sessions: Sessions,
  row: DatabaseRow,
  { prepare, fill }: Replacement,
): Promise<void> {
  const names = swapNames(run, row);
  // A predecessor may have been killed after the swap: then only the opening is left.
  if (!(await isSwapped(platform, run, row, names))) {
    // Or in the middle of it: the old data serves until its next one.
    await reopen(platform, row, names);
    await prepare();
    await run.step("fresh database", () => createPhysicalDatabase(platform, row, names.fresh));
    await fill(names.fresh);
    await updateDatabase(platform.state, row.id, { status: "restoring" });
    await run.step("swap", () => swapDatabases(platform, sessions, row, names));
  }
  await run.step("open", () => finish(platform, run, row, names));
}

/** The old content, or the new one where the swap was made. */
export async function undoReplacement(platform: Platform, run: OperationRun): Promise<void> {
  const row = await findDatabaseById(platform.state, run.row.database_id!);
  if (!row || row.instance_id === null) return;
  const names = swapNames(run, row);
  if (await isSwapped(platform, run, row, names)) await finish(platform, run, row, names);
  else await reopen(platform, row, names);
}

/** The database that an operation is about, which has a place. @throws Y3001 */
export async function requirePlaced(
  platform: Platform,
  run: OperationRun,
  what: string,
): Promise<DatabaseRow> {
  const row = await findDatabaseById(platform.state, run.row.database_id!);
  if (!row || row.instance_id === null) throw posternError("Y3001", `The database of this ${what} is gone.`);
  return row;
}

/** The old database exists from the swap on, and what is remembered tells of it before that may be dropped. */
async function isSwapped(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  names: SwapNames,
): Promise<boolean> {
  if (run.row.input.swapped === true) return true;
  return withAdmin(platform, row.instance_id!, "postgres", (client) => databaseExists(client, names.old));
}

async function finish(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  names: SwapNames,
): Promise<void> {
  // Written down before clients come back: a successor that swapped once more would lose what they write.
  await run.remember({ swapped: true });
  // Nobody waits for the old database to go (maintenance/settle-replaced.ts).
  await noteReplaced(platform.state, {
    name: names.old,
    instance_id: row.instance_id!,
    database_id: row.id,
  });
  await platform.pooler.resume(row.database_name);
  await updateDatabase(platform.state, row.id, { status: "ready" });
}

/** As it was before. */
async function reopen(platform: Platform, row: DatabaseRow, names: SwapNames): Promise<void> {
  await undoSwap(platform, row, names);
  await updateDatabase(platform.state, row.id, { status: "ready" });
}

function swapNames(run: OperationRun, row: DatabaseRow): SwapNames {
  const operation = run.id.slice("op-".length);
  return {
    current: row.database_name,
    fresh: `${row.database_name}_new_${operation}`,
    old: `${row.database_name}_old_${operation}`,
  };
}
