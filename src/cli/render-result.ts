/** In charge of how the answer of an SQL statement looks. */
import { formatDuration, plural } from "./format.ts";
import type { SqlResult } from "./sql-result.ts";
import { renderGrid } from "./table.ts";

/** Rows as a grid with their number; a change as `1 row affected · 45ms`. */
export function renderResult({ columns, values, count }: SqlResult, ms: number): string {
  if (!columns) return `${plural(count, "row")} affected · ${formatDuration(ms)}`;
  const names = columns.map(({ name }) => name);
  const grid = renderGrid({ columns: names, rows: values });
  return `${grid}\n\n(${plural(values.length, "row")})\n\n${formatDuration(ms)}`;
}

export const resultToJson = ({ columns, rows, count }: SqlResult): Record<string, unknown> =>
  columns ? { rows, fields: columns, row_count: rows.length } : { rows_affected: count };
