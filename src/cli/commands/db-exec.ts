/** In charge of `postern db exec`: SQL from the command line, a file or stdin. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { messageOf, PosternError, posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { printAnswers } from "../print-answers.ts";
import { renderPosition } from "../render-error.ts";
import { openSqlSession } from "../sql-session.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const { sql, isScript } = await readSql(input);
  const params = input.list("param");
  const session = await openSqlSession(context, input, {
    readOnly: input.flag("readOnly"),
    connection: isScript && params.length === 0,
  });
  try {
    const startedAt = performance.now();
    const results = await session.run(sql, params).catch((error: unknown) => {
      throw withPosition(error, sql);
    });
    const ms = performance.now() - startedAt;
    await printAnswers(
      output,
      results.map((result) => ({ result, ms })),
    );
  } finally {
    await session.close();
  }
  return undefined;
};

async function readSql(input: CommandInput): Promise<{ sql: string; isScript: boolean }> {
  const [argument] = input.args;
  const file = input.text("file");
  if ((argument === undefined) === (file === undefined)) {
    throw posternError("Y1013", "Give one of: SQL, - for stdin, --file FILE.");
  }
  if (argument === "-" || file === "-") return { sql: await text(process.stdin), isScript: true };
  if (argument !== undefined) return { sql: argument, isScript: await hasSeveralStatements(argument) };
  const sql = await readFile(file!, "utf8").catch((error: unknown) => {
    throw posternError("Y1013", `${file} cannot be read.`, { detail: messageOf(error) });
  });
  return { sql, isScript: true };
}

/** By Postgres's own grammar, which is loaded only where a semicolon leaves the question open. */
async function hasSeveralStatements(sql: string): Promise<boolean> {
  if (!sql.replace(/[;\s]+$/, "").includes(";")) return false;
  const { splitStatements } = await import("../../postgres/split-statements.ts");
  // What the grammar refuses is Postgres's to refuse.
  return splitStatements(sql).then(
    (statements) => statements.length > 1,
    () => false,
  );
}

/** Where in the text, before what Postgres says about it. */
export function withPosition(error: unknown, sql: string): unknown {
  if (!(error instanceof PosternError) || error.position === undefined) return error;
  const place = renderPosition(sql, error.position);
  return new PosternError(error.code, error.message, {
    detail: error.detail === undefined ? place : `${place}\n${error.detail}`,
    hint: error.hint,
    position: error.position,
    requestId: error.requestId,
    status: error.status,
    cause: error,
  });
}
