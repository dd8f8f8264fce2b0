/** In charge of making one backup: dumped, stored, and read again before it is called complete. */

import type { Writable } from "node:stream";
import type { BackupKind } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import type { BackupId } from "../base/id.ts";
import { backupRole } from "../instances/database-address.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { serverToolchain } from "../instances/server-toolchain.ts";
import { type ProgramEnd, runProgram } from "../runtime/run-program.ts";
import { postgresProgram } from "../runtime/toolchain.ts";
import { type BackupRow, completeBackup, findBackup, insertBackup } from "../state/backups.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { readContents } from "./archive-contents.ts";
import { writeArtefact } from "./backup-artefact.ts";
import { readBackupKeys } from "./backup-keys.ts";
import { withCountedSnapshot } from "./count-tables.ts";
import { currentStore, requireSharedStore } from "./open-storage.ts";
import { lastWords, serverWentAway } from "./program-failure.ts";

/** A table that somebody has locked is waited for; without an end the backup would hold up all other work on the database. */
const lockPatienceMs = 600_000;

export interface BackupPlan {
  id: BackupId;
  kind: BackupKind;
  expiresAt: Date | null;
  /** Where the database is dumped, if not where it lives: a server that was carried back to a moment. */
  server?: string;
  /** Dump what this snapshot sees, which a session keeps open meanwhile. */
  snapshot?: string;
}

/** Repeatable: a backup that is complete already stays as it is. @throws Y6002 Y6005 */
export async function makeBackup(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  plan: BackupPlan,
): Promise<BackupRow> {
  const { config } = platform;
  requireSharedStore(config);
  const server = plan.server ?? row.instance_id!;
  const { postgresVersion } = await serverToolchain(platform, server);
  await insertBackup(platform.state, {
    id: plan.id,
    database_id: row.id,
    kind: plan.kind,
    storage_key: `${row.id}/${plan.id}.dump`,
    store: currentStore(config),
    key_id: config.backupKeyFile === null ? null : (await readBackupKeys(config.backupKeyFile))[0]!.id,
    version: postgresVersion,
    created_at: platform.clock.now(),
    expires_at: plan.expiresAt,
  });
  const before = (await findBackup(platform.state, plan.id))!;
  if (before.status === "completed") return before;
  const write = (snapshot: string) =>
    writeArtefact(
      platform,
      before,
      (sink) => dump(platform, run, row, { ...plan, snapshot }, sink),
      (bytes) => run.progress(bytes, null, "bytes"),
    );
  const place = { server, database: row.database_name };
  const { result: artefact, contents } =
    plan.snapshot === undefined
      ? await withCountedSnapshot(platform, place, write)
      : { result: await write(plan.snapshot), contents: null };
  // An exit code of 0 is the program's word; the file itself is asked too.
  await readContents(platform, { ...before, stored_size_bytes: String(artefact.stored.sizeBytes) });
  await completeBackup(platform.state, plan.id, artefact, contents);
  return (await findBackup(platform.state, plan.id))!;
}

/**
 * The dump is made by a role that reads everything, past row security, and may write nothing. gzip, which a level alone means, and not zstd: every
 * pg_restore reads it, whatever it was built with.
 */
async function dump(
  platform: Platform,
  run: OperationRun,
  row: DatabaseRow,
  { server = row.instance_id!, snapshot }: BackupPlan,
  sink: Writable,
): Promise<void> {
  const { socketDirectory } = serverLayout(platform.config.home, server);
  const end = await runProgram(
    postgresProgram(await serverToolchain(platform, server), "pg_dump"),
    [
      "-h",
      socketDirectory,
      "-p",
      "5432",
      "-U",
      backupRole,
      "-d",
      row.database_name,
      "--format=custom",
      "--compress=3",
      `--lock-wait-timeout=${lockPatienceMs}`,
      "--no-password",
      ...(snapshot === undefined ? [] : [`--snapshot=${snapshot}`]),
    ],
    { account: platform.account, stdout: sink, signal: run.signal },
  );
  if (end.exitCode !== 0) throw dumpFailed(row, end);
}

function dumpFailed(row: DatabaseRow, end: ProgramEnd) {
  const detail = lastWords("pg_dump", end);
  if (serverWentAway(end))
    return posternError("Y4001", `The server of ${row.name} went away during the backup.`, { detail });
  return posternError("Y6002", `${row.name} could not be backed up.`, { detail });
}
