/** In charge of laying text out in columns, by the width that a terminal gives it. */
import { stripVTControlCharacters } from "node:util";
import { eastAsianWidth } from "get-east-asian-width";

export interface Grid {
  columns: readonly string[];
  rows: readonly (readonly unknown[])[];
  /** Columns whose values stand on the right. */
  rightAligned?: readonly boolean[];
}

/** Column names, a line, and the rows: `id │ name` over `───┼─────`. */
export function renderGrid({ columns, rows, rightAligned = [] }: Grid): string {
  const heads = columns.map(printable);
  const cells = rows.map((row) => row.map(cellText));
  const widths = heads.map((head, at) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[at]!)), displayWidth(head)),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, at) => pad(text, widths[at]!, rightAligned[at] === true))
      .join(" │ ")
      .trimEnd();
  const rule = widths.map((width, at) => "─".repeat(width + (at === 0 ? 1 : 2)));
  const ruleText = widths.length === 1 ? "─".repeat(widths[0]!) : rule.join("┼");
  return [line(heads), ruleText, ...cells.map(line)].join("\n");
}

/** Left-aligned columns two blanks apart, without lines. */
export function renderColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((text, at) => {
      widths[at] = Math.max(widths[at] ?? 0, displayWidth(text));
    });
  return rows
    .map((row) =>
      row
        .map((text, at) => pad(text, widths[at]!, false))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `Label  value` a line, two blanks in; what has no value is left out. */
export function renderFields(fields: readonly (readonly [string, string | null | undefined])[]): string {
  const given = fields.filter(
    (field): field is [string, string] => field[1] !== null && field[1] !== undefined,
  );
  return renderColumns(given.map(([label, value]) => [`  ${label}`, value]));
}

export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  const text = printable(typeof value === "object" ? JSON.stringify(value) : String(value));
  return text.replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/**
 * Control characters made visible: data must not move the cursor or recolour the terminal, nor turn round the direction in
 * which it is read.
 */
export const printable = (text: string): string =>
  text.replace(/[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const hex = character.charCodeAt(0).toString(16);
    if (character === "\r") return "\\r";
    return hex.length > 2 ? `\\u${hex}` : `\\x${hex.padStart(2, "0")}`;
  });

/** Columns of a terminal; colours take none. */
export function displayWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of stripVTControlCharacters(text)) {
    if (/\p{Mark}|\p{Cf}/u.test(character)) continue;
    width += eastAsianWidth(character.codePointAt(0)!);
  }
  return width;
}

function pad(text: string, width: number, right: boolean): string {
  const blanks = " ".repeat(Math.max(0, width - displayWidth(text)));
  return right ? blanks + text : text + blanks;
}
