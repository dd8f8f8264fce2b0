/** In charge of `postern db import`: another server's database, or a dump, into a database. */
import { resolve } from "node:path";
import type pg from "pg";
import { posternError } from "../../base/error.ts";
import { exitCodes } from "../../base/error-codes.ts";
import {
  ensureLedger,
  type LedgerRow,
  readLedger,
  recordTakenOver,
} from "../../migrations/tracking-table.ts";
import { hostedSchemas, type ImportWish, type LeftOut } from "../../postgres/dump/plan-import.ts";
import { readTargetFacts, type TargetFacts } from "../../postgres/dump/target-facts.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { withPostgresAt } from "../connect-postgres.ts";
import type { CliContext } from "../context.ts";
import { formatDuration, plural } from "../format.ts";
import { describeUrl } from "../postgres-address.ts";
import { type Progress, startProgress } from "../progress.ts";
import { requireTarget, type Target } from "../target.ts";
import { type CopiedSource, copySource } from "../transfer/copy-source.ts";
import { compareRows, countRows, sumOf, type TableRows } from "../transfer/count-rows.ts";
import { type Imported, importArchive } from "../transfer/import-archive.ts";
import { importScript } from "../transfer/import-script.ts";
import { openSource } from "../transfer/open-source.ts";
import { findPostgresPrograms, type PostgresPrograms } from "../transfer/postgres-programs.ts";
import { prepareTarget } from "../transfer/prepare-target.ts";
import { requireRoom } from "../transfer/require-room.ts";
import { withScratchFolder } from "../transfer/scratch-folder.ts";

export interface ImportResult {
  source: string;
  target: string;
  tables: number;
  rows: number;
  /** Compared with the source, table by table; a dump tells no numbers. */
  verified: boolean;
  left_out: LeftOut[];
  /** Grants of the source, which are not taken over unless asked for. */
  grants_left_out: number;
  /** Whose it was there; here it has one owner. */
  owners: string[];
  duration_ms: number;
}

interface Work {
  programs: PostgresPrograms;
  input: CommandInput;
  source: string;
  url: string;
  client: pg.Client;
  scratch: string;
  progress: Progress;
  facts: TargetFacts;
  wish: ImportWish;
}

export const run: CommandRun = async (context, input) => {
  const [first, second] = input.args;
  const source = second ?? first;
  if (source === undefined) {
    throw posternError("Y1013", "What is to be imported?", {
      hint: "`postern db import DUMP` or `postern db import postgres://user:password@host/database`.",
    });
  }
  const programs = await findPostgresPrograms();
  const target = await requireTarget(context, input, second === undefined ? undefined : first);
  return withScratchFolder((scratch) => importInto(context, input, { source, target, programs, scratch }));
};

interface Wish {
  source: string;
  target: Target;
  programs: PostgresPrograms;
  scratch: string;
}

async function importInto(
  context: CliContext,
  input: CommandInput,
  { source, target, programs, scratch }: Wish,
): Promise<number | undefined> {
  const startedAt = performance.now();
  await requireRoom(context, target, source);
  const { url, label } = await prepareTarget(context, input, target);
  const progress = startProgress(context.output, { lines: true });
  try {
    const result = await withPostgresAt(url, async (client) => {
      const facts = await readTargetFacts(client);
      requireEmpty(facts, input, label);
      const work = { programs, input, url, client, scratch, progress, facts, wish: readWish(input) };
      return importAll({ ...work, source: isAddress(source) ? source : resolveFile(context, source) });
    });
    progress.end();
    const whole: ImportResult = {
      source: isAddress(source) ? describeUrl(source) : source,
      target: label,
      ...result,
      duration_ms: Math.round(performance.now() - startedAt),
    };
    await report(context, whole);
    return whole.left_out.length > 0 && !input.flag("allowMissing") ? exitCodes.failed : undefined;
  } finally {
    progress.end();
  }
}

const isAddress = (source: string): boolean => /^postgres(?:ql)?:\/\//.test(source);

const resolveFile = ({ directory }: CliContext, path: string): string =>
  path === "-" ? path : resolve(directory, path);

function readWish(input: CommandInput): ImportWish {
  return {
    excludeSchemas: new Set([...hostedSchemas, ...input.list("excludeSchema")]),
    schemas: new Set(input.list("schema")),
  };
}

/** @throws Y6033 */
function requireEmpty(facts: TargetFacts, input: CommandInput, label: string): void {
  if (facts.content.length === 0 || input.flag("intoExisting")) return;
  const some = facts.content.slice(0, 5).join(", ");
  throw posternError("Y6033", `${label} is not empty.`, {
    detail: `It has ${some}${facts.content.length > 5 ? `, and ${facts.content.length - 5} more` : ""}.`,
    hint: "--clean empties it first; --into-existing imports beside what is there.",
  });
}

type Numbers = Pick<ImportResult, "tables" | "rows" | "verified" | "left_out" | "grants_left_out" | "owners">;

async function importAll(work: Work): Promise<Numbers> {
  const { input, source, client, progress, facts } = work;
  const before = input.flag("intoExisting") ? await countTables(work) : new Map<string, bigint>();
  const copied = isAddress(source) ? await fetch(work) : null;
  const imported = await putIn(work, copied?.path ?? source, copied?.skippedSchemas ?? []);
  if (copied && work.wish.schemas.size === 0) await takeOverLedger(client, copied.ledger);
  progress.update("Analyzing");
  await client.query("set statement_timeout = 0; analyze");
  const after = await countTables(work);
  const verified = copied?.rows ? verify(copied, copied.rows, { before, after, imported }) : false;
  if (verified) await verifyLargeObjects(client, copied!, facts);
  const tables = copied?.rows ?? new Map([...after].filter(([table]) => !before.has(table)));
  return {
    tables: tables.size,
    rows: Number(sumOf(tables)),
    verified,
    left_out: [
      ...(copied?.skippedSchemas ?? [])
        .filter((schema) => !imported.leftOut.some(({ kind, name }) => kind === "schema" && name === schema))
        .map((name) => ({ kind: "schema", name, reason: skippedReason(name, facts) })),
      ...imported.leftOut,
    ],
    grants_left_out: imported.grantsLeftOut,
    owners: imported.owners,
  };
}

/** The migrations that made what has just arrived are applied here too. */
async function takeOverLedger(client: pg.Client, rows: LedgerRow[]): Promise<void> {
  if (rows.length === 0) return;
  await ensureLedger(client);
  if ((await readLedger(client)).length === 0) await recordTakenOver(client, rows);
}

const skippedReason = (schema: string, facts: TargetFacts): string =>
  facts.reserved.has(schema)
    ? "The platform has a schema of this name."
    : hostedSchemas.has(schema)
      ? "A hosted service keeps it for itself; --schema takes it over."
      : "It was not asked for, or the source's role may not use it.";

const countTables = async ({ client, progress }: Work): Promise<TableRows> => {
  await client.query("set statement_timeout = 0");
  return countRows(client, [], progress);
};

function fetch({ programs, source, scratch, input, progress, facts, wish }: Work): Promise<CopiedSource> {
  return copySource({
    programs,
    url: source,
    scratch,
    isExcluded: (schema) =>
      facts.reserved.has(schema) ||
      (wish.schemas.size > 0 ? !wish.schemas.has(schema) : wish.excludeSchemas.has(schema)),
    count: !input.flag("skipVerify"),
    progress,
  });
}

async function putIn(work: Work, path: string, skippedSchemas: readonly string[]): Promise<Imported> {
  const { input, scratch } = work;
  const source = await openSource(path, scratch);
  if (source.kind === "archive") {
    return importArchive({
      ...work,
      path: source.path,
      skippedSchemas,
      keepGoing: input.flag("keepGoing"),
      withGrants: input.flag("withGrants"),
    });
  }
  for (const flag of ["keepGoing", "withGrants"] as const) {
    if (input.flag(flag))
      throw posternError("Y1013", "A dump in SQL is imported whole or not at all, and without grants.", {
        hint: "A dump in the custom format (`pg_dump -Fc`) lets parts be chosen.",
      });
  }
  return importScript({ ...work, sizeBytes: source.sizeBytes, open: source.open });
}

/** @throws Y6037 */
function verify(
  copied: CopiedSource,
  wanted: TableRows,
  { before, after, imported }: { before: TableRows; after: TableRows; imported: Imported },
): boolean {
  const grown = new Map([...after].map(([table, rows]) => [table, rows - (before.get(table) ?? 0n)]));
  const differences = compareRows(wanted, grown);
  if (differences.length === 0) return true;
  // What failed was asked to be left out, and is told of.
  if (imported.leftOut.some(({ kind }) => kind === "entry")) return false;
  throw posternError("Y6037", "What arrived is not what the source has.", {
    detail: differences.slice(0, 10).join("\n"),
    hint: "The data is in the database; compare before you use it.",
    cause: copied,
  });
}

async function verifyLargeObjects(
  client: pg.Client,
  copied: CopiedSource,
  facts: TargetFacts,
): Promise<void> {
  const { rows } = await client.query<{ n: number }>(
    "select pg_catalog.count(*)::int as n from pg_catalog.pg_largeobject_metadata",
  );
  const found = rows[0]!.n;
  if (found >= copied.largeObjects || facts.content.length > 0) return;
  throw posternError("Y6037", "What arrived is not what the source has.", {
    detail: `${copied.largeObjects} large objects were expected, and ${found} are there.`,
  });
}

async function report({ output }: CliContext, result: ImportResult): Promise<void> {
  const numbers = `${plural(result.tables, "table")}, ${plural(result.rows, "row")}`;
  const took = formatDuration(result.duration_ms);
  output.success(
    `Imported ${result.source} into ${result.target}: ${numbers}${result.verified ? ", verified" : ""}  ${took}`,
  );
  if (result.grants_left_out > 0)
    output.talk(
      `  ${plural(result.grants_left_out, "grant")} of the source left out (--with-grants takes over what fits)`,
    );
  if (result.left_out.length > 0)
    output.warn(`Left out: ${plural(result.left_out.length, "thing")} that the source has`);
  await output.print(result, () =>
    result.left_out.map(({ kind, name, reason }) => `  ${kind} ${name}: ${reason}`).join("\n"),
  );
}
