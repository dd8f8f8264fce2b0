/**
 * In charge of copying a whole server while it runs and others write to it. Postgres is told that a backup goes on, a
 * slot holds back the log of the meantime, and the copy begins its life with a recovery from exactly that log.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type pg from "pg";
import { requireDiskSpace } from "../base/disk-space.ts";
import { posternError } from "../base/error.ts";
import type { InstanceId } from "../base/id.ts";
import { type CopyWay, copyDirectory, copyFiles, findCopyWay } from "../runtime/copy-directory.ts";
import { isGuest } from "../runtime/microvm/guest-layout.ts";
import { ownPath } from "../runtime/own-path.ts";
import { runProgram } from "../runtime/run-program.ts";
import { postgresProgram, readMajor } from "../runtime/toolchain.ts";
import { cloneGuest } from "./clone-guest.ts";
import type { Platform } from "./platform.ts";
import { serverLayout } from "./server-layout.ts";
import { withAdmin } from "./with-admin.ts";

export interface CloneOptions {
  signal: AbortSignal;
  onBytes?: (done: number, total: number) => void;
}

/** What is of the running server and not of its data; and what Postgres says need not be in a copy. */
const notData = new Set([
  "postmaster.pid",
  "postmaster.opts",
  "postern.conf",
  "postern.conf.new",
  "pg_hba.conf.new",
  "backup_label",
  "backup_manifest",
  ".reflink-probe",
]);
const emptied = [
  "pg_wal",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
];
/** Settings that a superuser made by ALTER SYSTEM are about one server, for example where it archives its log. */
const autoSettings = "postgresql.auto.conf";

/**
 * Makes the data directory of `target` from the running `source`; repeatable, and what is half made is made again.
 * Says how the bytes came over. @throws Y4001 Y4050 Y3075
 */
export async function cloneInstance(
  platform: Pick<Platform, "config" | "account" | "majors">,
  source: string,
  target: InstanceId,
  options: CloneOptions,
): Promise<CopyWay | "snapshot"> {
  const { home } = platform.config;
  const from = serverLayout(home, source).dataDirectory;
  if (await isGuest({ dataDirectory: from })) {
    await cloneGuest(platform, source, target, options);
    return "snapshot";
  }
  const { directory, dataDirectory } = serverLayout(home, target);
  const { account } = platform;
  const probe = join(from, "PG_VERSION");
  await mkdir(directory, { recursive: true, mode: 0o750 });
  await ownPath(directory, account);
  const way = await findCopyWay(directory, probe, account);
  if (await exists(join(dataDirectory, "PG_VERSION"))) return way;
  const copy = join(directory, "cloning");
  await rm(copy, { recursive: true, force: true });
  try {
    await makeDirectory(platform, copy);
    await withAdmin(platform, source, "postgres", (client) =>
      copyRunning(platform, client, { from, copy, way }, options),
    );
    await requireSound(platform, copy);
    await expectSuccess(platform, "sync", ["-f", copy]);
    await rename(copy, dataDirectory);
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    throw error;
  }
  return way;
}

interface Copy {
  from: string;
  copy: string;
  way: CopyWay;
}

/** One session from start to stop: Postgres ends a backup whose session ends. */
async function copyRunning(
  platform: Pick<Platform, "account" | "config">,
  client: pg.Client,
  { from, copy, way }: Copy,
  { signal, onBytes }: CloneOptions,
): Promise<void> {
  const { account } = platform;
  if (way === "copy") await requireDiskSpace(platform, await sizeOf(client), "A copy of the data");
  const slot = `postern_clone_${randomBytes(6).toString("hex")}`;
  // Temporary: it goes with the session, whatever ends that.
  await client.query("select pg_create_physical_replication_slot($1, true, true)", [slot]);
  const start = await client.query<{ file: string }>(
    "select pg_walfile_name(pg_backup_start('postern branch', true)) as file",
  );
  const without = new Set([...notData, ...emptied, autoSettings]);
  await copyDirectory(from, copy, { account, way, without, signal, ...(onBytes ? { onBytes } : {}) });
  const stop = await client.query<{ label: string; file: string }>(
    "select labelfile as label, pg_walfile_name(lsn) as file from pg_backup_stop(false)",
  );
  for (const name of [...emptied, "pg_wal/archive_status", "pg_wal/summaries"])
    await makeDirectory(platform, join(copy, name));
  const { label, file: last } = stop.rows[0]!;
  const log = await logFiles(join(from, "pg_wal"), start.rows[0]!.file, last);
  await copyFiles(log, join(copy, "pg_wal"), { account, way, signal });
  for (const [name, text] of [
    ["backup_label", label],
    [autoSettings, ""],
  ] as const) {
    await writeFile(join(copy, name), text, { mode: 0o600 });
    await ownPath(join(copy, name), account);
  }
}

async function sizeOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ size: string }>(
    "select sum(pg_database_size(oid)) as size from pg_database",
  );
  return Number(rows[0]!.size);
}

/** From the first to the last that the copy's recovery reads, and the histories of the timelines before. */
async function logFiles(directory: string, first: string, last: string): Promise<string[]> {
  const names = await readdir(directory);
  const segments = names.filter(
    (name) =>
      /^[0-9A-F]{24}$/.test(name) && name.slice(8) >= first.slice(8) && name.slice(8) <= last.slice(8),
  );
  if (!segments.includes(first) || !segments.includes(last))
    throw posternError("Y3075", "The data could not be copied.", {
      detail: `The server's log from ${first} to ${last} is not there any more.`,
    });
  return [...segments, ...names.filter((name) => name.endsWith(".history"))].map((name) =>
    join(directory, name),
  );
}

/** The control file is written in place now and then; a copy of the middle of that would not start. */
async function requireSound(platform: Pick<Platform, "account" | "majors">, copy: string): Promise<void> {
  const toolchain = await platform.majors.get((await readMajor(copy)) ?? platform.majors.usual);
  const end = await runProgram(postgresProgram(toolchain, "pg_controldata"), ["-D", copy], platform);
  if (end.exitCode === 0 && !/WARNING/.test(end.stdout + end.stderr)) return;
  throw posternError("Y3075", "The data could not be copied: its control file was being written.", {
    detail: end.stderr.trim(),
    hint: "Try again.",
  });
}

async function makeDirectory(platform: Pick<Platform, "account">, path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await ownPath(path, platform.account);
}

async function expectSuccess(
  platform: Pick<Platform, "account">,
  program: string,
  args: readonly string[],
): Promise<void> {
  const end = await runProgram(program, args, platform);
  if (end.exitCode !== 0)
    throw posternError("Y3075", "The data could not be copied.", { detail: end.stderr.trim() });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
