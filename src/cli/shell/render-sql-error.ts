/** In charge of how Postgres's refusals look: code and words, the line with a caret under the place, what may have been meant. */

import type { PosternError } from "../../base/error.ts";
import { suggest } from "../../manifest/suggest.ts";
import type { Paint } from "../output.ts";
import { displayWidth, printable } from "../table.ts";
import type { Catalog } from "./catalog.ts";
import { findRelation } from "./complete.ts";
import { readScope } from "./read-scope.ts";

export function renderSqlError(error: PosternError, sql: string, catalog: Catalog, paint: Paint): string {
  const lines = [`  ${paint.red(`ERROR ${error.code}:`)} ${printable(error.message)}`];
  const hint = error.hint ?? suggestName(error, sql, catalog);
  const hintText = hint === undefined ? undefined : `Hint: ${printable(hint)}`;
  if (error.position !== undefined) {
    const { line, caret } = placeOf(sql, error.position);
    const isShort =
      hintText !== undefined && !hintText.includes("\n") && caret.length + hintText.length < 100;
    lines.push(`  ${line}`, `  ${caret}${isShort ? `  ${hintText}` : ""}`);
    if (hintText !== undefined && !isShort) lines.push(indent(hintText));
  } else if (hintText !== undefined) lines.push(indent(hintText));
  if (error.detail) lines.push(indent(`Detail: ${printable(error.detail)}`));
  return lines.join("\n");
}

const indent = (text: string): string => `  ${text.replaceAll("\n", "\n  ")}`;

/** Postgres counts characters from 1, JavaScript UTF-16 units; a terminal counts columns. */
function placeOf(sql: string, position: number): { line: string; caret: string } {
  const before = [...sql].slice(0, position - 1).join("");
  const start = before.lastIndexOf("\n") + 1;
  const text = printable(sql.slice(start).split("\n", 1)[0]!).replaceAll("\t", " ");
  const number = sql.trimEnd().includes("\n") ? `${before.split("\n").length} │ ` : "";
  const lead = displayWidth(printable(before.slice(start)).replaceAll("\t", " "));
  return { line: `${number}${text}`, caret: `${" ".repeat(number.length + lead)}^` };
}

function suggestName({ code, message }: PosternError, sql: string, catalog: Catalog): string | undefined {
  const name = /"([^"]+)"/.exec(message)?.[1] ?? /^(?:column|function) (\S+?)[( ]/.exec(message)?.[1];
  if (name === undefined) return undefined;
  const bare = name.split(".").at(-1)!;
  const near = suggest(bare, candidates(code, sql, catalog));
  return near === undefined || near === bare ? undefined : `did you mean "${near}"?`;
}

function candidates(code: string, sql: string, catalog: Catalog): string[] {
  switch (code) {
    case "42703":
      return readScope(sql).flatMap(
        (table) => findRelation(table, catalog)?.columns.map(({ name }) => name) ?? [],
      );
    case "42P01":
      return catalog.relations.filter(({ schema }) => schema !== "pg_catalog").map(({ name }) => name);
    case "42883":
      return catalog.functions.map(({ name }) => name);
    case "3F000":
      return catalog.schemas;
    default:
      return [];
  }
}
