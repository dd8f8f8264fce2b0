/** In charge of results with a line for every value: for rows that are wider than the screen. */
import { displayWidth, printable } from "../../table.ts";
import type { FormatInput, ResultFormatter } from "./result-format.ts";

export function expandedFormat({ columns, nullText, paint }: FormatInput): ResultFormatter {
  const names = columns.map(({ name }) => printable(name).replaceAll("\n", "\\n"));
  const width = Math.max(0, ...names.map(displayWidth));
  let record = 0;
  const value = (text: string | null): string => {
    if (text === null) return paint.dim(nullText);
    // Lines of a value stay lines, below one another.
    return printable(text).replaceAll("\n", `\n${" ".repeat(width)} │ `);
  };
  return {
    countsRows: true,
    rows: (rows) =>
      rows
        .map((row) => {
          record += 1;
          const title = `─[ ${record} ]`;
          const head = paint.dim(`${title}${"─".repeat(Math.max(0, width + 12 - title.length))}`);
          const lines = names.map(
            (name, at) =>
              `${paint.bold(name)}${" ".repeat(width - displayWidth(name))} │ ${value(row[at] ?? null)}`,
          );
          return `${[head, ...lines].join("\n")}\n`;
        })
        .join(""),
    end: () => "",
  };
}
