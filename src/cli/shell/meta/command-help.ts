/** In charge of the list of commands behind a backslash: for `\?` and for completion. */

export interface CommandHelp {
  group: string;
  name: string;
  /** As it is called: `d [NAME]`. */
  usage: string;
  summary: string;
}

/** A group, below it its commands; two blanks part a command from what it does. */
const table = `
Look around
  d [NAME]  a table with columns, keys, indexes; all without a name
  d+ [NAME]  the same with sizes and comments
  dt [PATTERN]  tables
  dv [PATTERN]  views
  dm [PATTERN]  materialized views
  di [PATTERN]  indexes
  ds [PATTERN]  sequences
  df [PATTERN]  functions
  dT [PATTERN]  types
  dn [PATTERN]  schemas
  du [PATTERN]  roles
  dp [PATTERN]  privileges and policies; also \\z
  dx [PATTERN]  extensions
  l [PATTERN]  databases
  sf FUNCTION  the SQL that makes a function
  sv VIEW  the SQL that makes a view
Run
  g [FILE or |COMMAND]  run the statement, or the last one again
  gx [FILE or |COMMAND]  the same, one line a column
  gset [PREFIX]  run it, and keep its one row as variables
  watch [SECONDS]  run it again and again, until ^C
  e [FILE]  edit the statement in $EDITOR
  ef [FUNCTION]  edit the SQL that makes a function; without a name a new one's
  ev [VIEW]  edit the SQL that makes a view; without a name a new one's
  p  print the statement
  r  forget the statement
  errverbose  the last error with all that Postgres said
Files
  i FILE  run a file
  ir FILE  run a file, named from where the running file is
  o [FILE or |COMMAND]  results go there; without a name to the screen
  copy TABLE from|to FILE [csv header]  import or export, with files of this machine
  echo TEXT  print it among the results
  if VALUE  run what follows only when it is true; up to \\elif, \\else, \\endif
Show
  x [on|off|auto]  one line a column
  timing [on|off]  say how long statements take
  pset [format|null|expanded|pager VALUE]  how results look
  set [NAME VALUE]  a variable, used as :NAME, :'NAME' or :"NAME"
  unset NAME  forget a variable
Postern
  migrations  migrations that are applied
  slow  statements that took the most time
  locks  who waits for whom
  explain [SQL]  plan of a statement, measured if it only reads
  rls [as SUB [SQL]]  row security of all tables; or a statement as this user sees it
  history TABLE [ID]  who changed the row from what to what, where that is recorded
  whoami  who you are here
Session
  conninfo  what this is connected to
  c  connect anew, with nothing of this session left
  write on|off  allow writing in a protected environment
  h [COMMAND]  SQL commands
  ! [COMMAND]  run a command of the system
  ?  this list
  q  quit
`;

export const commandHelp: readonly CommandHelp[] = readTable();

function readTable(): CommandHelp[] {
  let group = "";
  return table.split("\n").flatMap((line) => {
    const [usage, summary] = line.trim().split("  ");
    if (line.startsWith("  "))
      return [{ group, name: usage!.split(" ")[0]!, usage: usage!, summary: summary! }];
    group = line;
    return [];
  });
}
