/**
 * In charge of proving a backup: it is restored into a database aside, which no user reaches, and what is there then is
 * compared with what was counted when the backup was made. Other work on the database goes first.
 */
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import type { BackupVerification, ErrorBody } from "@postern/sdk/protocol";
import { verifyArtefact } from "../backups/backup-artefact.ts";
import { compareContents, countDatabase } from "../backups/count-tables.ts";
import { restoreInto } from "../backups/restore-into.ts";
import { posternError } from "../base/error.ts";
import type { AccountId, BackupId } from "../base/id.ts";
import { newPassword, scramVerifier } from "../base/secrets.ts";
import type { OperationHandler, OperationRun } from "../instances/operation-run.ts";
import { createTenant, dropOwner, dropPhysicalDatabase } from "../instances/physical-database.ts";
import type { Platform } from "../instances/platform.ts";
import { ownLoginPassword } from "../instances/registered/relay-plan-of.ts";
import { type BackupContents, type BackupRow, findBackup, saveVerification } from "../state/backups.ts";
import { type DatabaseRow, findDatabaseById } from "../state/databases.ts";
import { insertOperation, type OperationRow } from "../state/operations.ts";
import { isWaitedFor } from "../state/scheduled-operations.ts";
import { requireReady } from "./require-ready.ts";

/** `<database>_verify_<operation>`: of the scratch database, and of the role that owns it. */
export const scratchPattern = /^db_[0-9a-f]{12}_verify_([0-9a-f]{12})$/;

/** What says that the backup itself is no good; anything else says that it could not be tried. */
const failures = new Set(["Y6003", "Y6004", "Y6007", "Y6013", "Y6015"]);
const lookEveryMs = 1_000;

/** @throws Y6006 Y3004 */
export async function requestVerification(
  platform: Platform,
  accountId: AccountId | null,
  backup: Pick<BackupRow, "id" | "status" | "database_id">,
): Promise<OperationRow> {
  if (backup.status !== "completed")
    throw posternError(
      "Y6006",
      `Backup ${backup.id} is ${backup.status}; only a completed one can be verified.`,
    );
  const row = (await findDatabaseById(platform.state, backup.database_id))!;
  if (row.destroyed_at === null) requireReady(row);
  return platform.state.transaction((tx) =>
    insertOperation(tx, {
      kind: "verify_backup",
      databaseId: backup.database_id,
      accountId,
      input: { backup_id: backup.id },
    }),
  );
}

export const verifyBackup: OperationHandler = {
  async run(platform, run) {
    const backup = await findBackup(platform.state, run.row.input.backup_id as BackupId);
    if (!backup)
      throw posternError("Y6001", `There is no backup ${String(run.row.input.backup_id)} any more.`);
    const row = (await findDatabaseById(platform.state, backup.database_id))!;
    const scratch = scratchOf(platform, run, row);
    const startedAt = performance.now();
    const yielding = new AbortController();
    const timer = setInterval(() => {
      isWaitedFor(platform.state, row.id, run.id).then(
        (waits) => (waits ? yielding.abort() : undefined),
        () => {},
      );
    }, lookEveryMs);
    try {
      const trial = { ...run, signal: AbortSignal.any([run.signal, yielding.signal]) };
      const found = await tryRestore(platform, trial, scratch, backup);
      const verification: BackupVerification = {
        status: "verified",
        ...sumOf(found),
        duration_ms: Math.round(performance.now() - startedAt),
        error: null,
      };
      await run.step("tidy up", () => removeScratch(platform, scratch));
      await saveVerification(platform.state, backup.id, verification, platform.clock.now());
      return { backup_id: backup.id, ...verification };
    } catch (error) {
      if (!yielding.signal.aborted || platform.stopping.aborted) throw error;
      await removeScratch(platform, scratch);
      return { backup_id: backup.id, status: "postponed" };
    } finally {
      clearInterval(timer);
    }
  },

  canCancel: () => true,

  async undo(platform, run) {
    const row = await findDatabaseById(platform.state, run.row.database_id!);
    if (!row) return;
    await removeScratch(platform, scratchOf(platform, run, row));
    const error = run.row.input.undoing as ErrorBody;
    const verification: BackupVerification = {
      status: failures.has(error.code) ? "failed" : "skipped",
      tables: 0,
      rows: 0,
      duration_ms: 0,
      error,
    };
    const id = run.row.input.backup_id as BackupId;
    await saveVerification(platform.state, id, verification, platform.clock.now());
  },
};

/**
 * The scratch database as one of its own: the database's owner may not enter it, and the role that may is known to neither
 * the pooler nor anybody who has a password. Of a destroyed database it is on the shared server, or where that one was.
 */
function scratchOf({ config }: Platform, run: OperationRun, row: DatabaseRow): DatabaseRow {
  const name = `${row.id.replace("-", "_")}_verify_${run.id.slice("op-".length)}`;
  const scratch = { ...row, database_name: name, role_name: name };
  if (row.destroyed_at !== null && config.sharedState !== null && row.placed_on !== null)
    return { ...scratch, instance_id: row.placed_on, isolation: "external" };
  return row.destroyed_at === null ? scratch : { ...scratch, instance_id: "shared", isolation: "shared" };
}

async function tryRestore(
  platform: Platform,
  run: OperationRun,
  scratch: DatabaseRow,
  backup: BackupRow,
): Promise<BackupContents> {
  const name = scratch.database_name;
  await run.step("check the file", () => verifyArtefact(platform, backup));
  await requireRoom(platform, scratch, backup);
  await run.step("scratch database", async () => {
    // An attempt that was cut off left a part.
    await removeScratch(platform, scratch);
    const password = ownLoginPassword(platform, scratch.instance_id, scratch.role_name) ?? newPassword();
    await createTenant(platform, { ...scratch, scram_verifier: await scramVerifier(password) });
  });
  await run.step("trial restore", () =>
    restoreInto(platform, run, scratch, name, backup.id, { isChecked: true, statistics: "none" }),
  );
  return run.step("compare", async () => {
    const found = await countDatabase(platform, { server: scratch.instance_id!, database: name });
    const difference = backup.contents && compareContents(backup.contents, found);
    if (difference === null) return found;
    throw posternError("Y6015", `Backup ${backup.id} does not hold what was in the database.`, {
      detail: difference,
      hint: "Make another backup, and verify it.",
    });
  });
}

/** A second copy must not fill the disk of those who work. @throws Y6005 */
async function requireRoom(platform: Platform, tenant: DatabaseRow, backup: BackupRow): Promise<void> {
  const { bavail, bsize } = await statfs(join(platform.config.home, "instances"));
  const wanted =
    1.2 * Math.max(Number(tenant.size_bytes ?? 0), 3 * Number(backup.size_bytes)) + 256 * 1024 ** 2;
  if (bavail * bsize >= wanted) return;
  throw posternError("Y6005", "There is no room for a trial restore.", {
    detail: `It may need ${Math.ceil(wanted / 1024 ** 2)} MiB, and ${Math.floor((bavail * bsize) / 1024 ** 2)} MiB are free.`,
    hint: "The backup itself is whole; make room and run `postern db backup verify` again.",
  });
}

async function removeScratch(platform: Platform, scratch: DatabaseRow): Promise<void> {
  if (scratch.instance_id === null) return;
  await dropPhysicalDatabase(platform, scratch, scratch.database_name);
  await dropOwner(platform, scratch);
}

/** The ledger of migrations is compared too, but it is none of the owner's tables. */
function sumOf({ tables }: BackupContents): Pick<BackupVerification, "tables" | "rows"> {
  const own = tables.filter(({ name }) => !name.startsWith("postern."));
  return { tables: own.length, rows: own.reduce((sum, { rows }) => sum + (rows ?? 0), 0) };
}
