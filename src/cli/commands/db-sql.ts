/** In charge of `postern db sql`: SQL in a transaction that Postgres itself keeps from writing, unless --write is said. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { messageOf, posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { plural } from "../format.ts";
import { readCount } from "../read-count.ts";
import { renderResult, resultToJson } from "../render-result.ts";
import { readResult } from "../shell/read-result.ts";
import { loadWebSockets, openShell } from "../shell/shell-target.ts";
import { splitInput } from "../shell/split-input.ts";
import type { SqlResult } from "../sql-result.ts";
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
  const results: { result: SqlResult; ms: number; isCut: boolean }[] = [];
  try {
    // In a session that only reads every statement has a transaction anyway; what writes is all or nothing.
    const isBatch = statements.length > 1;
    if (isBatch) await session.query("begin");
    for (const sql of statements) {
      const startedAt = performance.now();
      const read = await readResult(session, sql, params, maxRows).catch((error: unknown) => {
        throw withPosition(error, sql);
      });
      results.push({ ...read, ms: performance.now() - startedAt });
    }
    if (isBatch && session.state !== "idle") await session.query("commit");
  } finally {
    await session.close();
  }
  const isCsv = output.format === "csv";
  const values = results.map(({ result }) => (isCsv && result.columns ? result.rows : resultToJson(result)));
  await output.print(values.length === 1 ? values[0] : isCsv ? values.flat() : values, () =>
    results.map(({ result, ms }) => renderResult(result, ms)).join("\n\n"),
  );
  if (results.some(({ isCut }) => isCut))
    output.warn(`There are more rows; ${plural(maxRows!, "row")} were printed.`);
  return undefined;
};

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
