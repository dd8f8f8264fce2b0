/** In charge of results for programs: CSV, JSON, Markdown, and fields with a bar between. */
import { harmlessJson } from "../../harmless-json.ts";
import { printable } from "../../table.ts";
import type { ResultColumn, TextRow } from "../stream-statement.ts";
import { type FormatInput, isNumber, type ResultFormatter } from "./result-format.ts";

export function csvFormat({ columns, isTerminal, tuplesOnly }: FormatInput): ResultFormatter {
  let isFirst = true;
  const line = (cells: readonly (string | null)[]) => {
    const text = `${cells.map(csvCell).join(",")}\n`;
    return isTerminal ? printable(text) : text;
  };
  const rows = (batch: readonly TextRow[]): string => {
    const head = isFirst && !tuplesOnly ? line(columns.map(({ name }) => name)) : "";
    isFirst = false;
    return head + batch.map(line).join("");
  };
  return { countsRows: false, rows, end: () => rows([]) };
}

/** As COPY writes it: NULL is nothing, an empty text is quoted. */
export function csvCell(text: string | null): string {
  if (text === null) return "";
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function jsonFormat({ columns }: FormatInput): ResultFormatter {
  let count = 0;
  // An object holds one value for a name: of two columns with one name the last, as SQL over HTTP answers them.
  const last = new Map(columns.map(({ name }, at) => [name, at]));
  const shown = columns
    .map((column, at) => ({ column, at }))
    .filter(({ column, at }) => last.get(column.name) === at);
  const rows = (batch: readonly TextRow[]): string =>
    batch
      .map((row) => {
        const fields = shown.map(
          ({ column, at }) => `${JSON.stringify(column.name)}: ${jsonValue(row[at] ?? null, column)}`,
        );
        count += 1;
        return `${count === 1 ? "[\n" : ",\n"}  {${harmlessJson(fields.join(", "))}}`;
      })
      .join("");
  return { countsRows: false, rows, end: () => (count === 0 ? "[]\n" : "\n]\n") };
}

/** As SQL over HTTP answers: int8 and numeric as strings, so that nothing is rounded; json embedded. */
export function jsonValue(text: string | null, { typeOid }: ResultColumn): string {
  if (text === null) return "null";
  switch (typeOid) {
    case 16:
      return text === "t" ? "true" : "false";
    case 21:
    case 23:
    case 26:
      return text;
    case 700:
    case 701:
      return /^-?[\d.]+(e[+-]?\d+)?$/i.test(text) ? text : JSON.stringify(text);
    case 114:
    case 3802:
      return text;
    default:
      return JSON.stringify(text);
  }
}

export function markdownFormat({ columns, nullText }: FormatInput): ResultFormatter {
  let isFirst = true;
  const cell = (text: string | null): string =>
    text === null
      ? nullText
      : printable(text).replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll("\n", "<br>");
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const rows = (batch: readonly TextRow[]): string => {
    const head = isFirst
      ? line(columns.map(({ name }) => cell(name))) +
        line(columns.map((column) => (isNumber(column) ? "---:" : "---")))
      : "";
    isFirst = false;
    return head + batch.map((row) => line(row.map(cell))).join("");
  };
  return { countsRows: false, rows, end: () => rows([]) };
}

export function unalignedFormat({
  columns,
  nullText,
  tuplesOnly,
  fieldSeparator = "|",
}: FormatInput): ResultFormatter {
  let isFirst = true;
  const line = (cells: readonly (string | null)[]) =>
    `${cells.map((cell) => (cell === null ? nullText : printable(cell))).join(fieldSeparator)}\n`;
  const rows = (batch: readonly TextRow[]): string => {
    const head = isFirst && !tuplesOnly ? line(columns.map(({ name }) => name)) : "";
    isFirst = false;
    return head + batch.map(line).join("");
  };
  return { countsRows: true, rows, end: () => rows([]) };
}
