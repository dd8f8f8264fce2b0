/** In charge of `postern db connect`: an SQL session. */
import { createInterface } from "node:readline";
import { asPosternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { renderError } from "../render-error.ts";
import { renderResult } from "../render-result.ts";
import { runPsql } from "../run-psql.ts";
import { openSqlSession, type SqlSession } from "../sql-session.ts";
import { isWholeStatement } from "../statement-end.ts";
import { withPosition } from "./db-exec.ts";

const tablesSql = `
  select table_schema as schema, table_name as name, lower(table_type) as type
  from information_schema.tables
  where table_schema not in ('pg_catalog', 'information_schema') and table_schema not like 'pg\\_%'
  order by 1, 2`;

const columnsSql = `
  select a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
    case when a.attnotnull then 'not null' else '' end as nullable,
    pg_get_expr(d.adbin, d.adrelid) as default
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
  order by a.attnum`;

export const run: CommandRun = async (context, input) => {
  if (input.flag("psql")) return runPsql(context, input);
  const session = await openSqlSession(context, input, {
    readOnly: input.flag("readOnly"),
    connection: true,
  });
  try {
    context.output.talk(`Connected to ${session.label}. End SQL with ;  \\dt tables  \\d TABLE  \\q quit`);
    return await converse(context, session);
  } finally {
    await session.close();
  }
};

/** Line by line until \q, ^D, or ^C on an empty line. Off a terminal the first error ends it. */
async function converse(context: CliContext, session: SqlSession): Promise<number | undefined> {
  const isTerminal = process.stdin.isTTY === true;
  const lines = createInterface({ input: process.stdin, output: isTerminal ? process.stderr : undefined });
  let typed = "";
  const prompt = () => {
    lines.setPrompt(typed === "" ? "› " : "… ");
    if (isTerminal) lines.prompt();
  };
  lines.on("SIGINT", () => {
    if (typed === "" && lines.line === "") return lines.close();
    typed = "";
    lines.write(null, { ctrl: true, name: "u" });
    process.stderr.write("\n");
    prompt();
  });
  prompt();
  for await (const line of lines) {
    const command = typed === "" ? line.trim() : "";
    if (command === "\\q") break;
    if (!command.startsWith("\\")) typed += `${line}\n`;
    const statement =
      readCommand(command) ?? (isWholeStatement(typed) ? { sql: typed, params: [] } : undefined);
    if (statement) {
      typed = "";
      const worked = await answer(context, session, statement);
      if (!worked && !isTerminal) return 7;
    } else if (typed.trim() === "") typed = "";
    prompt();
  }
  lines.close();
  if (typed.trim() !== "" && !isTerminal) {
    return (await answer(context, session, { sql: typed, params: [] })) ? undefined : 7;
  }
  return undefined;
}

interface Statement {
  sql: string;
  params: readonly string[];
}

function readCommand(command: string): Statement | undefined {
  const table = /^\\d\s+(\S+)$/.exec(command)?.[1];
  if (table !== undefined) return { sql: columnsSql, params: [table] };
  if (command === "\\dt" || command === "\\d") return { sql: tablesSql, params: [] };
  if (command.startsWith("\\")) process.stderr.write("Known here: \\dt, \\d TABLE, \\q\n");
  return undefined;
}

/** False when Postgres refused. */
async function answer(
  { output }: CliContext,
  session: SqlSession,
  { sql, params }: Statement,
): Promise<boolean> {
  const startedAt = performance.now();
  try {
    const results = await session.run(sql, params);
    const ms = performance.now() - startedAt;
    for (const result of results) {
      await output.print(result.columns ? result.rows : { rows_affected: result.count }, () =>
        renderResult(result, ms),
      );
    }
    return true;
  } catch (error) {
    process.stderr.write(`${renderError(asPosternError(withPosition(error, sql)), output.talkPaint)}\n`);
    return false;
  }
}
