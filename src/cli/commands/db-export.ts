/** In charge of `postern db export`: a database as a dump that any Postgres takes. */
import { createReadStream, rmSync } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { hasCode, messageOf, posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { formatBytes } from "../format.ts";
import { describeUrl } from "../postgres-address.ts";
import { startProgress } from "../progress.ts";
import { requireTarget } from "../target.ts";
import { findPostgresPrograms, type PostgresPrograms } from "../transfer/postgres-programs.ts";
import { runPostgresProgram } from "../transfer/run-postgres-program.ts";
import { whenInterrupted } from "../transfer/when-interrupted.ts";

type Format = "custom" | "directory" | "plain";

const endings: Record<Format, string> = { custom: ".dump", directory: ".dir", plain: ".sql" };

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const { url, label, excluded } = await findSource(context, input);
  const format = (input.text("format") ?? "custom") as Format;
  const programs = await findPostgresPrograms();
  const args = dumpArguments(input, format, excluded);
  if (input.text("output") === "-") {
    if (format === "directory")
      throw posternError("Y1013", "A directory cannot be written to stdout.", {
        hint: "Use --format custom.",
      });
    await dumpTo(programs, url, args, process.stdout);
    return undefined;
  }
  const day = new Date().toISOString().slice(0, 10);
  const file = resolve(context.directory, input.text("output") ?? `${label}-${day}${endings[format]}`);
  const draft = `${file}.part`;
  const sizeBytes = await whenInterrupted(
    () => rmSync(draft, { recursive: true, force: true }),
    () => writeDump(context, programs, { url, args, format, file, draft }),
  );
  output.success(`Wrote ${file} (${formatBytes(sizeBytes)})`);
  output.talk(`  ${howToRead[format]}`);
  await output.print({ file, format, size_bytes: sizeBytes, version: programs.version }, () => "");
  return undefined;
};

const howToRead: Record<Format, string> = {
  custom:
    "pg_restore --no-owner -d URL FILE puts it into any Postgres; postern db import FILE into one of Postern's.",
  directory: "pg_restore --no-owner --jobs 4 -d URL FOLDER puts it into any Postgres, with several sessions.",
  plain: "psql -d URL -f FILE puts it into any Postgres; it can be read and edited.",
};

/** What belongs to the platform stays: it is in every database of Postern's, and in none elsewhere. */
async function findSource(context: CliContext, input: CommandInput) {
  const target = await requireTarget(context, input, input.args[0]);
  if (target.kind === "url") {
    const label = describeUrl(target.url).split("/").at(-1) || "database";
    return { url: target.url, label, excluded: [] };
  }
  const control = await context.forDatabase(target);
  const { name } = await control.getDatabase(target.ref);
  const { direct } = await control.getDatabaseUrls(target.ref);
  return { url: direct, label: name, excluded: ["auth", "postern", "postern_private"] };
}

function dumpArguments(input: CommandInput, format: Format, excluded: readonly string[]): string[] {
  return [
    `--format=${format}`,
    "--no-owner",
    "--verbose",
    "--lock-wait-timeout=60s",
    // Grants name roles that another server may not have; the other formats let pg_restore choose.
    ...(!input.flag("acl") || format === "plain" ? ["--no-privileges"] : []),
    ...(input.flag("schemaOnly") ? ["--schema-only"] : []),
    ...[...excluded, ...input.list("excludeSchema")].flatMap((schema) => [
      "--exclude-schema",
      quoted(schema),
    ]),
  ];
}

const quoted = (schema: string): string => `"${schema.replaceAll('"', '""')}"`;

interface Plan {
  url: string;
  args: string[];
  format: Format;
  file: string;
  /** What it is called until it is whole. */
  draft: string;
}

/** Under its own name only when it is whole. */
async function writeDump(context: CliContext, programs: PostgresPrograms, plan: Plan): Promise<number> {
  const { url, args, format, file, draft } = plan;
  await refuseFolder(file);
  await rm(draft, { recursive: true, force: true });
  const progress = startProgress(context.output);
  let table = "";
  const onLine = (line: string) => {
    table = /dumping contents of table "(.*)"$/.exec(line)?.[1] ?? table;
    if (format === "directory") progress.update(`Exporting  ${table}`);
  };
  try {
    if (format === "directory") {
      await dumpTo(programs, url, [...args, "--jobs=2", "--file", draft], undefined, onLine);
    } else {
      await writeFileOf(
        draft,
        (bytes) => progress.update(`Exporting  ${formatBytes(bytes)}  ${table}`),
        (sink) => dumpTo(programs, url, args, sink, onLine),
      );
    }
    await requireWhole(programs, draft, format);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  } finally {
    progress.end();
  }
  return sizeOf(file, format);
}

/** Resolves when every byte is on the disk. */
async function writeFileOf(
  file: string,
  onBytes: (bytes: number) => void,
  write: (sink: Transform) => Promise<void>,
): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  const meter = measure(onBytes);
  const written = pipeline(meter, handle.createWriteStream({ flush: true }));
  // Each fails when the other does: what the file says is the reason, and an empty word of the program's is none.
  const [ofFile, ofProgram] = await Promise.allSettled([written, write(meter).finally(() => meter.end())]);
  if (ofFile.status === "rejected") throw notWritten(ofFile.reason);
  if (ofProgram.status === "rejected") throw ofProgram.reason;
}

const notWritten = (error: unknown) =>
  hasCode(error, "ENOSPC", "EDQUOT")
    ? posternError("Y6035", "The disk became full before the dump was written.", {
        detail: `${messageOf(error)}. Nothing of it was kept.`,
        hint: "--output names another place.",
        cause: error,
      })
    : error;

function measure(onBytes: (bytes: number) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onBytes(bytes);
      done(null, chunk);
    },
  });
}

async function dumpTo(
  programs: PostgresPrograms,
  url: string,
  args: readonly string[],
  stdout?: NodeJS.WritableStream,
  onLine?: (line: string) => void,
): Promise<void> {
  const end = await runPostgresProgram(programs, {
    program: "pg_dump",
    url,
    args,
    stdout: stdout as Transform | undefined,
    onLine,
  });
  if (end.code === 0) return;
  throw posternError("Y6035", "The database could not be exported.", {
    detail: end.words || `pg_dump ended with ${end.code}.`,
  });
}

/** An exit code of 0 is the program's word; the file is asked too. */
async function requireWhole(programs: PostgresPrograms, file: string, format: Format): Promise<void> {
  if (format === "plain") {
    const { size } = await stat(file);
    let end = "";
    for await (const chunk of createReadStream(file, { start: Math.max(0, size - 400) })) end += chunk;
    if (end.includes("PostgreSQL database dump complete")) return;
  } else {
    const { code } = await runPostgresProgram(programs, { program: "pg_restore", args: ["--list", file] });
    if (code === 0) return;
  }
  throw posternError("Y6035", "What was written is not whole.", { hint: "Is the disk full? Try again." });
}

async function refuseFolder(file: string): Promise<void> {
  const entries = await readdir(file).catch((error: unknown) => {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  if (entries === undefined) return;
  throw posternError("Y1013", `${file} is a folder that is there already.`, {
    hint: "--output names another place.",
  });
}

async function sizeOf(file: string, format: Format): Promise<number> {
  if (format !== "directory") return (await stat(file)).size;
  const sizes = (await readdir(file)).map(async (name) => (await stat(join(file, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
