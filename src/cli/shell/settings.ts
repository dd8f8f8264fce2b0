/** In charge of what the session's user has set: how results look, and variables. */

export const formats = ["aligned", "unaligned", "csv", "json", "markdown"] as const;
export type ResultFormat = (typeof formats)[number];

export interface ShellSettings {
  format: ResultFormat;
  /** One line a column: never, always, or where the table is wider than the screen. */
  expanded: "off" | "on" | "auto";
  /** What stands for NULL. */
  nullText: string;
  timing: boolean;
  /** Rows alone: no names of columns, no count. */
  tuplesOnly: boolean;
  /** Does the count of rows stand behind them? */
  footer: boolean;
  /** Between the fields of an unaligned result. */
  fieldSeparator: string;
  pager: boolean;
  /** What `:name` stands for. */
  variables: Map<string, string>;
}

export const defaultSettings = (): ShellSettings => ({
  format: "aligned",
  expanded: "off",
  nullText: "NULL",
  timing: true,
  tuplesOnly: false,
  footer: true,
  fieldSeparator: "|",
  pager: true,
  variables: new Map(),
});
