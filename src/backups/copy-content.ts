/**
 * In charge of filling an empty database with what another one holds now: dumped and restored with several workers, as
 * the new owner and never as a superuser, exactly like a backup. Neither side's sessions are disturbed.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { requireDiskSpace } from "../base/disk-space.ts";
import { messageOf, posternError } from "../base/error.ts";
import { adminRole, backupRole } from "../instances/database-address.ts";
import type { OperationRun } from "../instances/operation-run.ts";
import type { Platform } from "../instances/platform.ts";
import { serverLayout } from "../instances/server-layout.ts";
import { majorOf, serverToolchain } from "../instances/server-toolchain.ts";
import { layStateLog } from "../instances/state-log.ts";
import { connectAs, withAdmin } from "../instances/with-admin.ts";
import { ownPath } from "../runtime/own-path.ts";
import { type ProgramEnd, runProgram } from "../runtime/run-program.ts";
import { postgresProgram } from "../runtime/toolchain.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { planRestore } from "./archive-contents.ts";
import { fillServer } from "./fill-server.ts";
import { planPrivileges } from "./plan-privileges.ts";
import { lastWords, serverWentAway } from "./program-failure.ts";
import { fillingOptions } from "./restore-settings.ts";

export type Place = Pick<DatabaseRow, "name" | "instance_id" | "database_name" | "role_name">;

export interface CopyOutcome {
  /** Grants that name roles which do not exist where it was copied to. */
  skippedGrants: string[];
}

/** The owner has room for five sessions of Postern's: these, pg_restore's first one, and ours. */
const workers = Math.max(1, Math.min(3, availableParallelism()));

/** Folders that a daemon which was killed may leave in `<home>`: the operation's next attempt removes its own. */
export const copyDirectoryOf = (home: string, run: Pick<OperationRun, "id">): string =>
  join(home, "run", `.copy-${run.id}`);

/** @param to was just made from the template. @throws Y3075 Y4001 Y4050 */
export async function copyContent(
  platform: Platform,
  run: OperationRun,
  from: Place,
  to: Place,
): Promise<CopyOutcome> {
  const directory = copyDirectoryOf(platform.config.home, run);
  // The dump, and what is made of it.
  await requireDiskSpace(platform, 1.5 * (await sizeOf(platform, from)), `A copy of ${from.name}`);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { mode: 0o700 });
  await ownPath(directory, platform.account);
  try {
    const archive = join(directory, "archive");
    await run.step("dump", () => dump(platform, run, from, archive));
    return await run.step("restore", () => restore(platform, run, { from, to, directory, archive }));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function sizeOf(platform: Platform, { instance_id, database_name }: Place): Promise<number> {
  const { rows } = await withAdmin(platform, instance_id!, "postgres", (client) =>
    client.query<{ size: string }>("select pg_database_size($1) as size", [database_name]),
  );
  return Number(rows[0]!.size);
}

async function dump(platform: Platform, run: OperationRun, from: Place, archive: string): Promise<void> {
  const { postgresVersion } = await serverToolchain(platform, from.instance_id!);
  await runTool(
    platform,
    run,
    [from, "pg_dump"],
    [
      ...addressOf(platform, from, backupRole),
      "--format=directory",
      // It is read again at once, on the same disk.
      Number(majorOf(postgresVersion)) >= 16 ? "--compress=lz4:1" : "--compress=1",
      `--jobs=${workers}`,
      "--no-sync",
      "--lock-wait-timeout=600000",
      `--file=${archive}`,
    ],
  );
}

interface Restore {
  from: Place;
  to: Place;
  directory: string;
  archive: string;
}

async function restore(platform: Platform, run: OperationRun, places: Restore): Promise<CopyOutcome> {
  const { from, to, archive } = places;
  const { stdout } = await runTool(platform, run, [to, "pg_restore"], ["--list", archive]);
  const plan = planRestore(stdout.split("\n").filter((line) => line !== "" && !line.startsWith(";")));
  // As in any restore: the ledger is the platform's, and nothing of the tenant's is there yet.
  if (plan.logPartitions.length > 0) await layStateLog(platform, to, plan.logPartitions);
  await restoreChosen(platform, run, places, plan.ledger, adminRole);
  const owner = await connectAs(platform, to.instance_id!, to.database_name, to.role_name);
  try {
    await owner.query(`
      set search_path = ''; set statement_timeout = 0; set default_transaction_read_only = off;
      revoke all on schema public from anon, authenticated;
      alter default privileges grant execute on functions to public`);
    await restoreChosen(platform, run, places, plan.content, to.role_name);
    const privileges = await writeList(platform, places, plan.privileges);
    const sql = await runTool(
      platform,
      run,
      [to, "pg_restore"],
      ["-L", privileges, "--no-owner", "-f", "-", archive],
    );
    const skippedGrants = await grant(owner, from, to, plan.privileges.length === 0 ? "" : sql.stdout);
    await owner.query("analyze");
    return { skippedGrants };
  } finally {
    await owner.end();
  }
}

async function restoreChosen(
  platform: Platform,
  run: OperationRun,
  places: Restore,
  entries: readonly string[],
  role: string,
): Promise<void> {
  if (entries.length === 0) return;
  const list = await writeList(platform, places, entries);
  requireDone(
    "pg_restore",
    await fillServer(platform, {
      server: places.to.instance_id!,
      address: addressOf(platform, places.to, role),
      choice: ["-L", list, "--no-owner", places.archive],
      jobs: workers,
      signal: run.signal,
    }),
  );
}

/** pg_restore reads the choice of entries from a file. */
async function writeList(
  platform: Platform,
  { directory }: Restore,
  entries: readonly string[],
): Promise<string> {
  const list = join(directory, "list");
  await writeFile(list, `${entries.join("\n")}\n`, { mode: 0o600 });
  await ownPath(list, platform.account);
  return list;
}

async function grant(owner: pg.Client, from: Place, to: Place, sql: string): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>("select rolname as name from pg_roles");
  // On the shared instance the source's owner is a role like any other, which must get nothing here.
  const roles = new Set(rows.map(({ name }) => name).filter((name) => name !== from.role_name));
  const { statements, skipped } = await planPrivileges(
    sql,
    { before: from.role_name, now: to.role_name },
    (role) => roles.has(role),
  );
  for (const statement of statements) {
    await owner.query(statement).catch((error: unknown) => {
      if (!(error instanceof pg.DatabaseError) || error.code?.startsWith("57P0")) throw error;
      throw copyFailed(`${messageOf(error)}\n${statement}`);
    });
  }
  return skipped;
}

const addressOf = ({ config }: Platform, { instance_id, database_name }: Place, role: string): string[] => [
  "-h",
  serverLayout(config.home, instance_id!).socketDirectory,
  "-p",
  "5432",
  "-U",
  role,
  "-d",
  database_name,
  "--no-password",
];

async function runTool(
  platform: Platform,
  run: OperationRun,
  [{ instance_id: server }, program]: [Place, "pg_dump" | "pg_restore"],
  args: readonly string[],
): Promise<ProgramEnd> {
  const toolchain = await serverToolchain(platform, server!);
  const end = await runProgram(postgresProgram(toolchain, program), args, {
    account: platform.account,
    signal: run.signal,
    environment: { PGOPTIONS: fillingOptions },
  });
  requireDone(program, end);
  return end;
}

function requireDone(program: "pg_dump" | "pg_restore", end: ProgramEnd): void {
  if (end.exitCode === 0) return;
  const detail = lastWords(program, end);
  if (serverWentAway(end))
    throw posternError("Y4001", "The server went away during the copying.", { detail });
  if (/No space left on device/.test(detail))
    throw posternError("Y4050", "The disk became full while the data was copied.", {
      detail,
      hint: "What was copied is removed again. Free some space, then try once more.",
    });
  throw copyFailed(detail);
}

const copyFailed = (detail: string) => posternError("Y3075", "The data could not be copied.", { detail });
