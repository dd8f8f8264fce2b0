/** In charge of how an error looks to people: what, why, how to mend it, and the code to look up. */
import type { PosternError } from "../base/error.ts";
import type { Paint } from "./output.ts";
import { printable } from "./table.ts";

export function renderError(error: PosternError, paint: Paint): string {
  const lines = [`${paint.red("✗")} ${printable(error.message)} ${paint.dim(`(${error.code})`)}`];
  if (error.statementIndex !== undefined) lines.push(`  In statement ${error.statementIndex + 1}.`);
  if (error.detail) lines.push(...indented(printable(error.detail)));
  if (error.hint) lines.push(...indented(`Hint: ${printable(error.hint)}`));
  if (error.requestId) lines.push(paint.dim(`  Request ${error.requestId}`));
  return lines.join("\n");
}

/** The line of the text that a 1-based character offset is in, with a caret below it. */
export function renderPosition(sql: string, position: number): string {
  // Postgres counts characters, JavaScript UTF-16 units.
  const before = [...sql].slice(0, position - 1).join("");
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  const text = sql.slice(lineStart).split("\n", 1)[0]!;
  return renderCaret({ line, column: Array.from(before.slice(lineStart)).length + 1, text });
}

/** `  3 │ text` and a caret below the 1-based column. */
export function renderCaret({ line, column, text }: { line: number; column: number; text: string }): string {
  const number = String(line);
  const lead = [...text]
    .slice(0, column - 1)
    .join("")
    .replace(/[^\t]/g, " ");
  return `${number} │ ${text}\n${" ".repeat(number.length)} │ ${lead}^`;
}

const indented = (text: string): string[] => text.split("\n").map((line) => `  ${line}`);
