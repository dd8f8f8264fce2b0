/**
 * In charge of measuring backups and restores through the API beside plain pg_dump and pg_restore on the same data, in
 * rounds that take turns.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { readConfig } from "../dist/base/config.js";
import { ensureToolchain } from "../dist/runtime/ensure-toolchain.js";
import { postgresProgram, type Toolchain } from "../dist/runtime/toolchain.js";
import { median } from "./statistics.ts";
import type { CreatedDatabase } from "./subjects/subject.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";

export interface BackupBenchOptions {
  json: boolean;
  /** Tells the steps of each operation on stderr. */
  verbose: boolean;
  /** Of pgbench: 16 MB of data each. */
  scale: number;
  rounds: number;
}

export interface BackupFigures {
  what: "backup" | "restore";
  database_mb: number;
  postern_ms: number;
  plain_ms: number;
  /** Speed over that of the plain program. */
  ratio_to_plain: number;
}

interface Ground {
  verbose: boolean;
  postern: TemporaryPostern;
  database: CreatedDatabase;
  toolchain: Toolchain;
  socket: { host: string; port: number };
  /** Where plain pg_dump writes to. */
  plainDump: string;
}

interface RoundTimes {
  backup: number;
  restore: number;
  plain: { backup: number; restore: number };
}

interface Operation {
  id: string;
  status: string;
  error: { message: string } | null;
  result: Record<string, string> | null;
  steps: { name: string; started_at: string; finished_at: string | null }[];
}

const admin = "postern_admin";
/** What plain pg_restore fills. */
const plainDatabase = "bench_plain";

export async function benchBackup({ json, verbose, scale, rounds }: BackupBenchOptions): Promise<void> {
  const postern = await startTemporaryPostern();
  const directory = await mkdtemp(join(tmpdir(), "pnb-backup-"));
  try {
    const ground: Ground = {
      postern,
      database: await postern.api<CreatedDatabase>("POST", "/v1/databases", { name: "bench" }),
      toolchain: await ensureToolchain(readConfig()),
      socket: { host: join(postern.home, "run", "shared"), port: 5432 },
      verbose,
      plainDump: join(directory, "plain.dump"),
    };
    const sizeBytes = await fill(ground, scale);
    const times: RoundTimes[] = [];
    for (let round = 0; round < rounds; round++) times.push(await runRound(ground));
    const medianOf = (value: (round: RoundTimes) => number) => Math.round(median(times.map(value)));
    for (const what of ["backup", "restore"] as const) {
      const postern_ms = medianOf((round) => round[what]);
      const plain_ms = medianOf((round) => round.plain[what]);
      const ratio_to_plain = Math.round((plain_ms / postern_ms) * 100) / 100;
      tell({ what, database_mb: Math.round(sizeBytes / 1e6), postern_ms, plain_ms, ratio_to_plain }, json);
    }
  } finally {
    await postern.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Returns the size of the database. */
async function fill({ toolchain, socket, database }: Ground, scale: number): Promise<number> {
  await promisify(execFile)(postgresProgram(toolchain, "pgbench"), [
    ...connectionArgs(socket, database.user),
    ...["-i", "-q", "-s", String(scale), database.database],
  ]);
  const [row] = await asAdmin(socket, `select pg_database_size('${database.database}') as size`);
  return Number(row!.size);
}

async function runRound(ground: Ground): Promise<RoundTimes> {
  const { socket } = ground;
  // What one leaves to be written is not for the next to wait for.
  const timeOf = async (work: () => Promise<void>): Promise<number> => {
    await asAdmin(socket, "checkpoint");
    const startedAt = performance.now();
    await work();
    return performance.now() - startedAt;
  };
  let backupId = "";
  const plainBackup = await timeOf(() => dumpPlainly(ground));
  const backup = await timeOf(async () => {
    backupId = await backUp(ground);
  });
  await asAdmin(socket, `drop database if exists ${plainDatabase}`);
  await asAdmin(socket, `create database ${plainDatabase} template template0`);
  const plainRestore = await timeOf(() => restorePlainly(ground));
  const restore = await timeOf(() => restoreBackup(ground, backupId));
  return { backup, restore, plain: { backup: plainBackup, restore: plainRestore } };
}

/** With the same compression as Postern's own. */
async function dumpPlainly({ toolchain, socket, database, plainDump }: Ground): Promise<void> {
  await promisify(execFile)(postgresProgram(toolchain, "pg_dump"), [
    ...connectionArgs(socket, admin),
    ...["-Fc", "--compress=gzip:3", "-f", plainDump, database.database],
  ]);
}

async function restorePlainly({ toolchain, socket, plainDump }: Ground): Promise<void> {
  await promisify(execFile)(postgresProgram(toolchain, "pg_restore"), [
    ...connectionArgs(socket, admin),
    ...["--no-owner", "--no-acl", "--exit-on-error", "-d", plainDatabase, plainDump],
  ]);
}

async function backUp(ground: Ground): Promise<string> {
  const { result } = await runOperation(ground, `/v1/databases/${ground.database.id}/backups`, {});
  return result!.id!;
}

/** Without the backup of what it replaces, which plain pg_restore does not make either. */
async function restoreBackup(ground: Ground, backupId: string): Promise<void> {
  const body = { backup_id: backupId, skip_safety_snapshot: true };
  await runOperation(ground, `/v1/databases/${ground.database.id}/restore`, body);
}

async function runOperation({ postern, verbose }: Ground, path: string, body: unknown): Promise<Operation> {
  let operation = await postern.api<Operation>("POST", path, body);
  while (operation.status === "pending" || operation.status === "running")
    operation = await postern.api<Operation>("GET", `/v1/operations/${operation.id}?wait=30`);
  if (operation.error) throw new Error(operation.error.message);
  if (verbose) for (const step of operation.steps) tellStep(step);
  return operation;
}

function tellStep({ name, started_at, finished_at }: Operation["steps"][number]): void {
  process.stderr.write(`  ${name}: ${Date.parse(finished_at!) - Date.parse(started_at)} ms\n`);
}

const connectionArgs = ({ host, port }: Ground["socket"], user: string): string[] => [
  ...["-h", host, "-p", String(port), "-U", user],
];

async function asAdmin(socket: Ground["socket"], sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ ...socket, user: admin, database: "postgres" });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function tell(figures: BackupFigures, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(figures));
    return;
  }
  const plain = figures.what === "backup" ? "pg_dump" : "pg_restore";
  console.log(
    `${figures.what} of ${figures.database_mb} MB: ${figures.postern_ms} ms, ${plain} ${figures.plain_ms} ms, ${figures.ratio_to_plain.toFixed(2)}x of its speed (medians)`,
  );
}
