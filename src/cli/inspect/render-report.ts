/** In charge of a look at a database as a table, with the commands below it that mend what it found. */
import type { InspectReport, InspectRow } from "../../postgres/inspect/report.ts";
import { plural } from "../format.ts";
import { printable, renderGrid } from "../table.ts";
import { formatValue, isNumeric } from "./format-value.ts";

const mostMends = 10;
const mostText = 80;

export function renderReport({ columns, nothing }: InspectReport, rows: readonly InspectRow[]): string {
  if (rows.length === 0) return nothing;
  // A column that says nothing about any row only takes room.
  const shown = columns.filter(({ key }) => rows.some((row) => row[key] !== null && row[key] !== undefined));
  const grid = renderGrid({
    columns: shown.map(({ key, title }) => title ?? key.replaceAll("_", " ")),
    rows: rows.map((row) => shown.map(({ key, form }) => cut(formatValue(row[key], form)))),
    rightAligned: shown.map(isNumeric),
  });
  return `${grid}${renderMends(rows)}`;
}

function renderMends(rows: readonly InspectRow[]): string {
  const mends = [...new Set(rows.flatMap(({ mend }) => (mend ? [mend] : [])))];
  if (mends.length === 0) return "";
  const more =
    mends.length > mostMends ? `\n    … and ${plural(mends.length - mostMends, "more")} (--json)` : "";
  const lines = mends.slice(0, mostMends).map((mend) => `    ${printable(mend)}`);
  return `\n\n  → run:\n${lines.join("\n")}${more}`;
}

const cut = (text: string): string => (text.length > mostText ? `${text.slice(0, mostText - 1)}…` : text);
