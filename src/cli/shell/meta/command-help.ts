/** In charge of the list of commands behind a backslash: for `\?` and for completion. */

export interface CommandHelp {
  name: string;
  args?: string;
  summary: string;
  group: "Look around" | "Run" | "Files" | "Show" | "Postern" | "Session";
}

export const commandHelp: readonly CommandHelp[] = [
  {
    group: "Look around",
    name: "d",
    args: "[NAME]",
    summary: "a table with columns, keys, indexes; all without a name",
  },
  { group: "Look around", name: "d+", args: "[NAME]", summary: "the same with sizes and comments" },
  { group: "Look around", name: "dt", args: "[PATTERN]", summary: "tables" },
  { group: "Look around", name: "dv", args: "[PATTERN]", summary: "views" },
  { group: "Look around", name: "dm", args: "[PATTERN]", summary: "materialized views" },
  { group: "Look around", name: "di", args: "[PATTERN]", summary: "indexes" },
  { group: "Look around", name: "ds", args: "[PATTERN]", summary: "sequences" },
  { group: "Look around", name: "df", args: "[PATTERN]", summary: "functions" },
  { group: "Look around", name: "dT", args: "[PATTERN]", summary: "types" },
  { group: "Look around", name: "dn", args: "[PATTERN]", summary: "schemas" },
  { group: "Look around", name: "du", args: "[PATTERN]", summary: "roles" },
  { group: "Look around", name: "dp", args: "[PATTERN]", summary: "privileges and policies" },
  { group: "Look around", name: "dx", args: "[PATTERN]", summary: "extensions" },
  { group: "Look around", name: "l", args: "[PATTERN]", summary: "databases" },
  {
    group: "Run",
    name: "g",
    args: "[FILE or |COMMAND]",
    summary: "run the statement, or the last one again",
  },
  { group: "Run", name: "gx", args: "[FILE or |COMMAND]", summary: "the same, one line a column" },
  { group: "Run", name: "watch", args: "[SECONDS]", summary: "run it again and again, until ^C" },
  { group: "Run", name: "e", args: "[FILE]", summary: "edit the statement in $EDITOR" },
  { group: "Run", name: "p", summary: "print the statement" },
  { group: "Run", name: "r", summary: "forget the statement" },
  { group: "Run", name: "errverbose", summary: "the last error with all that Postgres said" },
  { group: "Files", name: "i", args: "FILE", summary: "run a file" },
  { group: "Files", name: "ir", args: "FILE", summary: "run a file, named from where the running file is" },
  {
    group: "Files",
    name: "o",
    args: "[FILE or |COMMAND]",
    summary: "results go there; without a name to the screen",
  },
  {
    group: "Files",
    name: "copy",
    args: "TABLE from|to FILE [csv header]",
    summary: "import or export, with files of this machine",
  },
  { group: "Show", name: "x", args: "[on|off|auto]", summary: "one line a column" },
  { group: "Show", name: "timing", args: "[on|off]", summary: "say how long statements take" },
  { group: "Show", name: "pset", args: "[format|null|expanded|pager VALUE]", summary: "how results look" },
  {
    group: "Show",
    name: "set",
    args: "[NAME VALUE]",
    summary: "a variable, used as :NAME, :'NAME' or :\"NAME\"",
  },
  { group: "Show", name: "unset", args: "NAME", summary: "forget a variable" },
  { group: "Postern", name: "migrations", summary: "migrations that are applied" },
  { group: "Postern", name: "slow", summary: "statements that took the most time" },
  { group: "Postern", name: "locks", summary: "who waits for whom" },
  {
    group: "Postern",
    name: "explain",
    args: "[SQL]",
    summary: "plan of a statement, measured if it only reads",
  },
  {
    group: "Postern",
    name: "rls",
    args: "[as SUB [SQL]]",
    summary: "row security of all tables; or a statement as this user sees it",
  },
  { group: "Postern", name: "whoami", summary: "who you are here" },
  { group: "Session", name: "conninfo", summary: "what this is connected to" },
  { group: "Session", name: "write", args: "on|off", summary: "allow writing in a protected environment" },
  { group: "Session", name: "h", args: "[COMMAND]", summary: "SQL commands" },
  { group: "Session", name: "!", args: "[COMMAND]", summary: "run a command of the system" },
  { group: "Session", name: "?", summary: "this list" },
  { group: "Session", name: "q", summary: "quit" },
];
