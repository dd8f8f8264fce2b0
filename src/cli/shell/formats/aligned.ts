/** In charge of results as a table: `id │ name` over a line, numbers on the right, NULL dim. */
import { cellText, displayWidth, printable } from "../../table.ts";
import type { TextRow } from "../stream-statement.ts";
import { type FormatInput, isNumber, type ResultFormatter } from "./result-format.ts";

export function alignedFormat({ columns, nullText, paint, tuplesOnly }: FormatInput): ResultFormatter {
  // Names that are not shown take no room.
  const heads = columns.map(({ name }) => (tuplesOnly ? "" : cellText(printable(name))));
  const right = columns.map(isNumber);
  let widths: number[] | undefined;
  const cell = (value: string | null): string => (value === null ? nullText : shown(value));
  const line = (texts: readonly string[], style: (text: string, at: number) => string): string => {
    const cells = texts.map((text, at) => {
      const blanks = " ".repeat(Math.max(0, widths![at]! - displayWidth(text)));
      return right[at] ? blanks + style(text, at) : style(text, at) + blanks;
    });
    return cells.join(" │ ").trimEnd();
  };
  const head = (): string => {
    const rule = widths!.map((width, at) => "─".repeat(width + (at === 0 ? 1 : 2))).join("┼");
    const ruleText = widths!.length === 1 ? "─".repeat(widths![0]!) : rule;
    return `${line(heads, (text) => paint.bold(text))}\n${paint.dim(ruleText)}\n`;
  };
  const rows = (batch: readonly TextRow[]): string => {
    const texts = batch.map((row) => row.map(cell));
    const isFirst = widths === undefined;
    // Later rows may be wider than those that were seen first: from there on the columns are, too.
    widths = heads.map((text, at) =>
      texts.reduce(
        (widest, row) => Math.max(widest, displayWidth(row[at]!)),
        Math.max(widths?.[at] ?? 0, displayWidth(text)),
      ),
    );
    const body = texts.map(
      (row, index) => `${line(row, (text, at) => (batch[index]![at] === null ? paint.dim(text) : text))}\n`,
    );
    return `${isFirst && !tuplesOnly ? head() : ""}${body.join("")}`;
  };
  return { countsRows: true, rows, end: () => (widths === undefined ? rows([]) : "") };
}

const shown = (value: string): string => printable(value).replaceAll("\n", "\\n").replaceAll("\t", "\\t");

/** Columns of the screen that a table of these rows takes. */
export function alignedWidth({ columns, nullText }: FormatInput, rows: readonly TextRow[]): number {
  const widths = columns.map(({ name }, at) =>
    rows.reduce(
      (widest, row) => Math.max(widest, displayWidth(shown(row[at] ?? nullText))),
      displayWidth(name),
    ),
  );
  return widths.reduce((sum, width) => sum + width, 0) + 3 * Math.max(0, widths.length - 1);
}
