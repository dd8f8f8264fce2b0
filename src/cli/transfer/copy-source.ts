/**
 * In charge of fetching another server's database: dumped into a file of this machine under one snapshot, under which its
 * rows are counted too, so that what arrives can be compared with what was there at that moment.
 */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { posternError } from "../../base/error.ts";
import { type LedgerRow, ledgerExists, readLedger } from "../../migrations/tracking-table.ts";
import { withPostgresAt } from "../connect-postgres.ts";
import { formatBytes } from "../format.ts";
import type { Progress } from "../progress.ts";
import { countRows, type TableRows } from "./count-rows.ts";
import type { PostgresPrograms } from "./postgres-programs.ts";
import { runPostgresProgram } from "./run-postgres-program.ts";

export interface CopiedSource {
  path: string;
  /** Schemas that were not fetched. */
  skippedSchemas: string[];
  /** Null: not counted. */
  rows: TableRows | null;
  largeObjects: number;
  /** Migrations that Postern has applied there. */
  ledger: LedgerRow[];
}

export interface CopyOptions {
  programs: PostgresPrograms;
  url: string;
  scratch: string;
  /** Left where they are. */
  isExcluded(schema: string): boolean;
  count: boolean;
  progress: Progress;
}

/** @throws Y6034 Y6035 and what the source says */
export async function copySource(options: CopyOptions): Promise<CopiedSource> {
  const { programs, url, scratch, isExcluded, count, progress } = options;
  return withPostgresAt(url, async (client) => {
    await client.query("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0");
    await requireReadable(client, programs);
    await client.query("begin transaction isolation level repeatable read, read only");
    const { rows } = await client.query<{ snapshot: string }>(
      "select pg_catalog.pg_export_snapshot() as snapshot",
    );
    const schemas = await readSchemas(client);
    const skipped = schemas.filter(({ name, usable }) => !usable || isExcluded(name)).map(({ name }) => name);
    const path = join(scratch, "source.dump");
    await dump(options, path, rows[0]!.snapshot, skipped);
    progress.update("Counting rows at the source");
    const counted = count ? await countRows(client, skipped, progress) : null;
    const { rows: objects } = await client.query<{ n: number }>(
      "select pg_catalog.count(*)::int as n from pg_catalog.pg_largeobject_metadata",
    );
    const ledger = (await ledgerExists(client)) ? await readLedger(client) : [];
    await client.query("commit");
    return { path, skippedSchemas: skipped, rows: counted, largeObjects: objects[0]!.n, ledger };
  });
}

async function requireReadable(client: pg.ClientBase, programs: PostgresPrograms): Promise<void> {
  const { rows } = await client.query<{ version: number; text: string }>(
    "select pg_catalog.current_setting('server_version_num')::int as version, pg_catalog.current_setting('server_version') as text",
  );
  const { version, text } = rows[0]!;
  if (Math.floor(version / 10_000) <= programs.major) return;
  throw posternError(
    "Y6034",
    `The source is Postgres ${text}, and the newest pg_dump here is ${programs.version}.`,
    {
      detail: "pg_dump reads servers of its own major version and of older ones.",
      hint: `Install postgresql-client-${Math.floor(version / 10_000)} on this machine, or bring a dump in plain SQL.`,
    },
  );
}

async function readSchemas(client: pg.ClientBase): Promise<{ name: string; usable: boolean }[]> {
  const { rows } = await client.query<{ name: string; usable: boolean }>(`
    select nspname as name, pg_catalog.has_schema_privilege(oid, 'usage') as usable
      from pg_catalog.pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1`);
  return rows;
}

async function dump(
  { programs, url, progress }: CopyOptions,
  path: string,
  snapshot: string,
  skipped: readonly string[],
): Promise<void> {
  let bytes = 0;
  const meter = new PassThrough();
  const file = createWriteStream(path, { mode: 0o600 });
  meter.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    progress.update(`Fetching  ${formatBytes(bytes)}`);
  });
  const written = pipeline(meter, file);
  // Told of below: the program is ended first.
  written.catch(() => {});
  const end = await runPostgresProgram(programs, {
    program: "pg_dump",
    url,
    args: [
      "--format=custom",
      "--compress=1",
      `--snapshot=${snapshot}`,
      "--lock-wait-timeout=60s",
      ...skipped.flatMap((name) => ["--exclude-schema", `"${name.replaceAll('"', '""')}"`]),
    ],
    stdout: meter,
  }).catch(async (error: unknown) => {
    // What the file says when it can take no more, and not that its writer was cut off.
    await written;
    throw error;
  });
  await written;
  if (end.code === 0) return;
  throw posternError("Y6035", "The source could not be read.", {
    detail: end.words || `pg_dump ended with ${end.code}.`,
    hint: "Its role must be able to read every table; --exclude-schema leaves schemas where they are.",
  });
}
