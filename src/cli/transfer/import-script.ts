/**
 * In charge of putting a dump in SQL into a database: psql runs it as the owner, in one transaction, and in its restricted
 * mode, in which no text can make it run programs or read files of this machine.
 */
import { randomBytes } from "node:crypto";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { posternError } from "../../base/error.ts";
import { reviewScript } from "../../postgres/dump/revise-statement.ts";
import { ScriptFilter } from "../../postgres/dump/script-filter.ts";
import type { TargetFacts } from "../../postgres/dump/target-facts.ts";
import { formatBytes } from "../format.ts";
import type { Progress } from "../progress.ts";
import { type Imported, importFailed } from "./import-archive.ts";
import type { PostgresPrograms } from "./postgres-programs.ts";
import { runPostgresProgram } from "./run-postgres-program.ts";

export interface ScriptImport {
  programs: PostgresPrograms;
  sizeBytes: number;
  open(onBytes: (bytes: number) => void): Readable;
  url: string;
  facts: TargetFacts;
  progress: Progress;
}

/** @throws Y6032 Y6036 */
export async function importScript(options: ScriptImport): Promise<Imported> {
  const { programs, url, facts, progress, sizeBytes } = options;
  const review = reviewScript(facts);
  const filter = new ScriptFilter(review.revise);
  const input = options.open((bytes) =>
    progress.update(
      `Importing  ${formatBytes(bytes)} of ${formatBytes(sizeBytes)}, ${filter.statements} statements`,
    ),
  );
  const script = new PassThrough();
  let refusal: Error | undefined;
  const fed = pipeline(input, filter, inOneTransaction, script).catch((error: Error) => {
    refusal = error;
    script.destroy(error);
  });
  const run = runPostgresProgram(programs, {
    program: "psql",
    url,
    args: ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"],
    stdin: script,
  });
  const end = await run.catch((error: Error) => {
    throw refusal ?? error;
  });
  script.destroy();
  input.destroy();
  await fed;
  if (end.code !== 0 && /invalid command \\restrict/.test(end.words)) throw tooOld(programs);
  if (end.code !== 0) throw importFailed(end.words, fromCustom);
  if (refusal) throw refusal;
  return { leftOut: review.leftOut, grantsLeftOut: review.grants.count, owners: [...review.owners].sort() };
}

/**
 * The end of the transaction is sent when the script has come to its own: one that breaks off is rolled back. (psql's
 * --single-transaction commits whenever its input ends.)
 */
async function* inOneTransaction(script: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  yield Buffer.from(`\\restrict ${randomBytes(16).toString("hex")}\nbegin;\n`);
  yield* script;
  yield Buffer.from("\ncommit;\n");
}

const fromCustom =
  "A dump in the custom format (`pg_dump -Fc`) lets parts be left out: --exclude-schema, --keep-going.";

const tooOld = ({ version }: PostgresPrograms) =>
  posternError(
    "Y0002",
    `psql ${version} knows no restricted mode, without which a script could run programs.`,
    {
      hint: "`postern up` brings a newer one along.",
    },
  );
