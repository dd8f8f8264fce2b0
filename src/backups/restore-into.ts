/**
 * In charge of filling an empty database from a backup. Everything that the tenant made is restored in a session of the
 * tenant's own role, logged in as such: restored content runs code (functions behind checks, generated columns, indexes),
 * and a session that began as a superuser could be led back to it.
 */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { posternError } from "../base/error.ts";
import { isBackupId } from "../base/id.ts";
import { adminRole } from "../instances/database-address.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { connectAs, withAdmin } from "../instances/with-admin.ts";
import { ownPath } from "../runtime/own-path.ts";
import { runProgram } from "../runtime/run-program.ts";
import { postgresProgram } from "../runtime/toolchain.ts";
import { type BackupRow, findBackup } from "../state/backups.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { planRestore, readContents } from "./archive-contents.ts";
import { openStorage } from "./open-storage.ts";
import { verifyArtefact } from "./verify-artefact.ts";

/** Restores into `databaseName`, which was just made from the template for the owner of `row`. @throws Y6001 Y6003 Y6004 Y6007 */
export async function restoreInto(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  databaseName: string,
  backupId: string,
): Promise<void> {
  const backup = isBackupId(backupId) ? await findBackup(platform.state, backupId) : undefined;
  if (!backup) throw posternError("Y6001", `There is no backup ${backupId}.`);
  await verifyArtefact(platform, backup);
  const plan = planRestore(await readContents(platform, backup.storage_key));
  const restore = (entries: string[], role: string, strict: boolean) =>
    restoreEntries(platform, run, { row, backup, databaseName, entries, role, strict });
  await withRoomForOneMore(platform, row, async () => {
    await restore(plan.content, row.role_name, true);
    // Privileges of a backup of another database name that database's owner, who has no place here.
    await restore(plan.privileges, row.role_name, backup.database_id === row.id);
    // The ledger is the platform's. That this runs as its superuser is safe: the entries are COPY statements that pg_dump
    // wrote for tables which no tenant can alter or put a trigger on, in a file whose checksum is the one noted.
    await restore(plan.ledger, adminRole, true);
    const owner = await connectAs(platform, row.instance_id!, databaseName, row.role_name);
    await owner.query("analyze").finally(() => owner.end());
  });
}

interface Restore {
  row: DatabaseRow;
  backup: BackupRow;
  databaseName: string;
  entries: string[];
  role: string;
  /** The first error ends it. */
  strict: boolean;
}

async function restoreEntries(platform: Platform, run: OperationRun, restore: Restore): Promise<void> {
  if (restore.entries.length === 0) return;
  const { socketDirectory } = serverLayout(platform.config.home, restore.row.instance_id!);
  await withListFile(platform, restore.entries, async (list) => {
    const { stream, sizeBytes } = await openStorage(platform).open(restore.backup.storage_key);
    let bytes = 0;
    stream.on("data", (chunk: string | Buffer) => {
      bytes += chunk.length;
      run.progress(bytes, sizeBytes, "bytes");
    });
    stream.pause();
    const end = await runProgram(
      postgresProgram(platform.toolchain, "pg_restore"),
      [
        "-h",
        socketDirectory,
        "-p",
        "5432",
        "-U",
        restore.role,
        "-d",
        restore.databaseName,
        "-L",
        list,
        "--no-owner",
        "--no-password",
        ...(restore.strict ? ["--exit-on-error"] : []),
      ],
      { account: platform.account, stdin: stream, signal: run.signal },
    );
    if (end.exitCode !== 0 && restore.strict) throw restoreFailed(restore, end.stderr);
  });
}

function restoreFailed({ row, backup }: Restore, stderr: string) {
  if (
    /server closed the connection|the database system is|Connection refused|No such file or directory|terminating connection|connection to server .* failed/i.test(
      stderr,
    )
  ) {
    return posternError("Y4001", `The server of ${row.name} went away during the restore.`, {
      detail: stderr.trim(),
    });
  }
  return posternError("Y6004", `Backup ${backup.id} could not be restored.`, {
    detail: stderr.trim().split("\n").slice(-8).join("\n"),
    hint: "The database was left as it was.",
  });
}

/** pg_restore reads the choice of entries from a file, as the servers' user. */
async function withListFile(
  platform: Platform,
  entries: string[],
  work: (file: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(platform.config.home, "run", ".restore-"));
  try {
    const file = join(directory, "list");
    await writeFile(file, `${entries.join("\n")}\n`, { mode: 0o600 });
    for (const path of [file, directory]) await ownPath(path, platform.account);
    await chmod(directory, 0o700);
    await work(file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** An application that holds every connection its role may have must not keep its own data from being restored. */
async function withRoomForOneMore(
  platform: Platform,
  row: DatabaseRow,
  work: () => Promise<void>,
): Promise<void> {
  const setLimit = (limit: number) =>
    withAdmin(platform, row.instance_id!, "postgres", (client) =>
      client.query(`alter role ${pg.escapeIdentifier(row.role_name)} connection limit ${limit}`),
    );
  await setLimit(row.connection_limit + 5);
  try {
    await work();
  } finally {
    await setLimit(row.connection_limit);
  }
}
