/** In charge of running pg_restore for chosen entries of a backup. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { posternError } from "../base/error.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { serverToolchain } from "../instances/server-toolchain.ts";
import { ownPath } from "../runtime/own-path.ts";
import { type ProgramEnd, runProgram } from "../runtime/run-program.ts";
import { postgresProgram } from "../runtime/toolchain.ts";
import type { BackupRow } from "../state/backups.ts";
import { openArtefact } from "./backup-artefact.ts";
import { fillServer } from "./fill-server.ts";
import { lastWords, serverWentAway } from "./program-failure.ts";

/** Folders that a daemon which was killed may leave in `<home>/run`. */
export const listDirectoryPrefix = ".restore-";

export interface RestoreTarget {
  server: string;
  databaseName: string;
  role: string;
}

/** Restores these entries as `role`; the first error ends it. @throws Y6004 Y4001 */
export async function restoreEntries(
  platform: Platform,
  run: OperationRun,
  backup: BackupRow,
  entries: readonly string[],
  target: RestoreTarget,
): Promise<void> {
  if (entries.length === 0) return;
  const { server, databaseName, role } = target;
  const { socketDirectory } = serverLayout(platform.config.home, server);
  const address = ["-h", socketDirectory, "-p", "5432", "-U", role, "-d", databaseName, "--no-password"];
  await withChoice(platform, run, backup, entries, (choice, stdin) =>
    fillServer(platform, { server, address, choice, stdin, signal: run.signal }),
  );
}

/** The SQL of these entries, for this server. @throws Y6004 */
export async function readEntries(
  platform: Platform,
  run: OperationRun,
  backup: BackupRow,
  entries: readonly string[],
  server: string,
): Promise<string> {
  if (entries.length === 0) return "";
  const toolchain = await serverToolchain(platform, server);
  const { stdout } = await withChoice(platform, run, backup, entries, (choice, stdin) =>
    runProgram(postgresProgram(toolchain, "pg_restore"), [...choice, "-f", "-"], {
      account: platform.account,
      stdin,
      signal: run.signal,
    }),
  );
  return stdout;
}

async function withChoice(
  platform: Platform,
  run: OperationRun,
  backup: BackupRow,
  entries: readonly string[],
  work: (choice: readonly string[], stdin: Readable) => Promise<ProgramEnd>,
): Promise<ProgramEnd> {
  const end = await withListFile(platform, entries, async (list) => {
    const { stream, sizeBytes } = await openArtefact(platform, backup);
    let bytes = 0;
    stream.on("data", (chunk: string | Buffer) => {
      bytes += chunk.length;
      run.progress(bytes, sizeBytes, "bytes");
    });
    stream.pause();
    return work(["-L", list, "--no-owner"], stream);
  });
  if (end.exitCode === 0) return end;
  const detail = lastWords("pg_restore", end);
  if (serverWentAway(end))
    throw posternError("Y4001", "The server of the database went away during the restore.", { detail });
  if (/No space left on device/.test(detail))
    throw posternError("Y4050", `The disk became full while backup ${backup.id} was restored.`, {
      detail,
      hint: "The database was left as it was, and what was restored is removed again. Free some space, then try once more.",
    });
  throw restoreFailed(backup, detail);
}

export const restoreFailed = (backup: BackupRow, detail: string) =>
  posternError("Y6004", `Backup ${backup.id} could not be restored.`, {
    detail,
    hint: "The database was left as it was.",
  });

/** pg_restore reads the choice of entries from a file, as the servers' user. */
async function withListFile<Result>(
  platform: Platform,
  entries: readonly string[],
  work: (file: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(platform.config.home, "run", listDirectoryPrefix));
  try {
    const file = join(directory, "list");
    await writeFile(file, `${entries.join("\n")}\n`, { mode: 0o600 });
    for (const path of [file, directory]) await ownPath(path, platform.account);
    await chmod(directory, 0o700);
    return await work(file);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
