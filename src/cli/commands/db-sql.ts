/** In charge of `postern db sql`: SQL in a transaction that Postgres itself keeps from writing, unless --write is said. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { messageOf, PosternError, posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { plural } from "../format.ts";
import type { Output } from "../output.ts";
import { type Answer, printAnswers } from "../print-answers.ts";
import { readCount } from "../read-count.ts";
import { csvFormat } from "../shell/formats/machine.ts";
import type { ResultFormatter } from "../shell/formats/result-format.ts";
import { type ReadOptions, readResult } from "../shell/read-result.ts";
import type { ShellSession } from "../shell/shell-session.ts";
import { loadWebSockets, openShell } from "../shell/shell-target.ts";
import { splitInput } from "../shell/split-input.ts";
import type { StatementSink } from "../shell/stream-statement.ts";
import { streamTarget } from "../shell/text-target.ts";
import { printable } from "../table.ts";
import { withPosition } from "./db-exec.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const statements = readStatements(await readText(input), input);
  const params = input.list("param");
  if (params.length > 0 && statements.length > 1) {
    throw posternError("Y1013", "--param goes with one statement only.");
  }
  const maxRows = readCount(input, "maxRows");
  const writes = input.flag("write");
  await loadWebSockets();
  const { session } = await openShell(context, input, { readOnly: !writes, guardsProtected: !writes });
  // Where one table of values is asked for, it may be larger than the memory.
  const isCsv = output.format === "csv";
  const run = isCsv && statements.length === 1 ? streamCsv : printResults;
  try {
    await run({ session, output, statements, params, maxRows });
  } catch (error) {
    throw writes ? error : withWriteHint(error);
  } finally {
    await session.close();
  }
  return undefined;
};

/** Postgres says only that the transaction reads. */
function withWriteHint(error: unknown): unknown {
  if (!(error instanceof PosternError) || error.code !== "25006") return error;
  return new PosternError(error.code, error.message, {
    detail: error.detail,
    hint: "Add --write: without it db sql only reads.",
    status: error.status,
    cause: error,
  });
}

interface Job {
  session: ShellSession;
  output: Output;
  statements: readonly string[];
  params: readonly string[];
  maxRows: number | undefined;
}

const stdout = () => streamTarget(process.stdout, { isScreen: true });

/** Data of COPY is neither rows nor talk: it goes from and to the program's own streams. */
function copyStreams(onData: () => void): Pick<StatementSink, "copyIn" | "copyOut"> {
  const target = stdout();
  return {
    copyIn: () => process.stdin,
    async copyOut(data) {
      onData();
      const text = data.toString("utf8");
      await target.write(target.isTerminal ? printable(text) : text);
    },
  };
}

async function printResults({ session, output, statements, params, maxRows }: Job): Promise<void> {
  const results: (Answer & { isCut: boolean })[] = [];
  let isCopied = false;
  const options: ReadOptions = {
    ...(maxRows !== undefined && { maxRows }),
    ...copyStreams(() => {
      isCopied = true;
    }),
  };
  // In a session that only reads every statement has a transaction anyway; what writes is all or nothing.
  const isBatch = statements.length > 1;
  if (isBatch) await session.query("begin");
  for (const sql of statements) {
    const startedAt = performance.now();
    isCopied = false;
    const read = await readResult(session, sql, params, options).catch((error: unknown) => {
      throw withPosition(error, sql);
    });
    if (!isCopied) results.push({ ...read, ms: performance.now() - startedAt });
  }
  if (isBatch && session.state !== "idle") await session.query("commit");
  if (results.length === 0) return;
  await printAnswers(output, results);
  if (results.some(({ isCut }) => isCut)) warnCut(output, maxRows!);
}

async function streamCsv({ session, output, statements, params, maxRows }: Job): Promise<void> {
  const target = stdout();
  const [sql] = statements;
  let csv: ResultFormatter | undefined;
  let isCopied = false;
  let left = maxRows ?? Number.POSITIVE_INFINITY;
  const sink: StatementSink = {
    ...copyStreams(() => {
      isCopied = true;
    }),
    columns(columns) {
      const { isTerminal } = target;
      csv = csvFormat({ columns, nullText: "", paint: output.paint, isTerminal, width: 0 });
    },
    async rows(rows) {
      const kept = rows.slice(0, Math.min(rows.length, left));
      left -= rows.length;
      const wish = await target.write(csv!.rows(kept));
      return left < 0 ? "stop" : wish;
    },
  };
  const end = await session.run(sql!, params, sink).catch((error: unknown) => {
    throw withPosition(error, sql!);
  });
  if (csv) await target.write(csv.end());
  else if (!isCopied) await output.print({ rows_affected: end.count ?? 0 }, () => "");
  if (left < 0) warnCut(output, maxRows!);
}

const warnCut = (output: Output, maxRows: number): void =>
  output.warn(`Only ${plural(maxRows, "row")} printed; there are more.`);

async function readText(input: CommandInput): Promise<string> {
  const sql = input.text("sql");
  const file = input.text("file");
  if ((sql === undefined) === (file === undefined)) {
    throw posternError("Y1013", "Give one of: --sql SQL, --file FILE.");
  }
  if (sql !== undefined) return sql;
  if (file === "-") return text(process.stdin);
  return readFile(file!, "utf8").catch((error: unknown) => {
    throw posternError("Y1013", `${file} cannot be read.`, { detail: messageOf(error) });
  });
}

/** @throws Y1013 for none, and for commands of the shell */
function readStatements(sql: string, input: CommandInput): string[] {
  const parts = splitInput(sql);
  const command = parts.find((part) => part.kind === "command");
  if (command?.kind === "command") {
    throw posternError("Y1013", `\\${command.name} is a command of the shell, not SQL.`, {
      hint: "postern db connect runs it.",
    });
  }
  const statements = parts.flatMap((part) => (part.kind === "sql" ? [part.text.replace(/;$/, "")] : []));
  if (statements.length === 0) throw posternError("Y1013", "There is no statement to run.");
  if (!input.flag("explain")) return statements;
  return statements.map((statement) => {
    const isMeasured = input.flag("write") || /^\s*(select|values|table|with)\b/i.test(statement);
    return `explain (${isMeasured ? "analyze, buffers" : "verbose"}) ${statement}`;
  });
}
