/** In charge of taking rows along as text, in the form that the place they go to reads. */

export type CopyFormat = "tsv" | "csv" | "json" | "sql" | "markdown";
export type Cell = string | null;

export const copyFormats: readonly (readonly [CopyFormat, string])[] = [
  ["tsv", "TSV"],
  ["csv", "CSV"],
  ["json", "JSON"],
  ["sql", "SQL"],
  ["markdown", "Markdown"],
];

export interface Copied {
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
  /** For INSERT. */
  table: string;
}

const writers: Record<CopyFormat, (copied: Copied) => string> = {
  // A single cell, or what spreadsheets paste: the values alone.
  tsv: ({ rows }) =>
    rows.map((row) => row.map((value) => (value ?? "").replace(/[\t\r\n]/g, " ")).join("\t")).join("\n"),
  csv: ({ columns, rows }) => [columns, ...rows].map((row) => row.map(csvValue).join(",")).join("\r\n"),
  json: ({ columns, rows }) =>
    `[\n${rows
      .map(
        (row) =>
          `  {${columns.map((name, at) => `${JSON.stringify(name)}: ${JSON.stringify(row[at] ?? null)}`).join(", ")}}`,
      )
      .join(",\n")}\n]`,
  sql: ({ columns, rows, table }) =>
    `insert into ${table} (${columns.map(quoteName).join(", ")}) values\n${rows
      .map((row) => `  (${row.map(quoteValue).join(", ")})`)
      .join(",\n")};`,
  markdown: ({ columns, rows }) =>
    [columns, columns.map(() => "---"), ...rows]
      .map((row) => `| ${row.map((value) => markdownValue(value)).join(" | ")} |`)
      .join("\n"),
};

/** One value alone is copied as it is, whatever the format. */
export const copyRows = (format: CopyFormat, copied: Copied): string =>
  format === "tsv" && copied.rows.length === 1 && copied.columns.length === 1
    ? (copied.rows[0]![0] ?? "")
    : writers[format](copied);

function csvValue(value: Cell): string {
  if (value === null) return "";
  return value === "" || /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

const markdownValue = (value: Cell): string =>
  value === null ? "*null*" : value.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replace(/\r?\n/g, "<br>");

export const quoteName = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;

export function quoteValue(value: Cell): string {
  if (value === null) return "NULL";
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

/** Those that people do use as names. */
const reserved = new Set(
  "all analyse analyze and any array as asc both case cast check collate column constraint create current_date current_time current_user default desc distinct do else end except false fetch for foreign from grant group having in initially intersect into lateral leading limit localtime not null offset on only or order placing primary references returning select session_user some symmetric table then to trailing true union unique user using variadic when where window with".split(
    " ",
  ),
);
