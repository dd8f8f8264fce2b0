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
  dtv [PATTERN]  several kinds in one list: t v m i s E
  di [PATTERN]  indexes
  ds [PATTERN]  sequences
  df [PATTERN]  functions; dfa, dfn, dfp, dft, dfw one kind of them
  dT [PATTERN]  types
  dD [PATTERN]  domains
  dn [PATTERN]  schemas
  du [PATTERN]  roles
  dp [PATTERN]  privileges and policies; also \\z
  ddp [PATTERN]  default privileges
  drg [PATTERN]  who is a member of which role
  drds [PATTERN]  settings of roles and databases
  dconfig [PATTERN]  settings of the server
  dx [PATTERN]  extensions; dx+ NAME what belongs to one
  dy [PATTERN]  event triggers
  l [PATTERN]  databases
  sf FUNCTION  the SQL that makes a function; sf+ with numbers of lines
  sv VIEW  the SQL that makes a view; sv+ with numbers of lines
Run
  g [FILE or |COMMAND]  run the statement, or the last one again
  gx [FILE or |COMMAND]  the same, one line a column
  gset [PREFIX]  run it, and keep its one row as variables
  gdesc  the columns it would have, without running it
  gexec  run it, then every value of its answer as a statement
  crosstabview [ROWS COLUMNS VALUES ORDER]  run it, and make columns of the values of one
  bind [VALUE]...  what $1, $2, … of the next statement are
  watch [SECONDS | i=SECONDS c=TIMES m=FEWEST]  run it again and again, until ^C
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
  w FILE or |COMMAND  write the statement there
  cd [FOLDER]  where names of files begin
  echo TEXT  print it; qecho among the results, warn among the errors
  if VALUE  run what follows only when it is true; up to \\elif, \\else, \\endif
Show
  x [on|off|auto]  one line a column
  timing [on|off]  say how long statements take
  t [on|off]  rows only: no names of columns, no count
  a  fields with a bar between, or aligned again; f TEXT another bar
  pset [NAME VALUE]  how results look: expanded, fieldsep, footer, format, null, pager, tuples_only
  set [NAME VALUE]  a variable, used as :NAME, :'NAME' or :"NAME"
  unset NAME  forget a variable
  prompt [TEXT] NAME  a variable from what is typed
  getenv NAME VARIABLE  a variable from the environment; setenv VARIABLE [VALUE] into it
Postern
  migrations  migrations that are applied
  slow [mean | calls]  statements that took the most time
  locks  who waits for whom
  explain [SQL]  plan of a statement, measured if it only reads
  rls [as SUB [SQL]]  row security of all tables; or a statement as this user sees it
  history TABLE [ID]  who changed the row from what to what, where that is recorded
  whoami  who you are here
Session
  conninfo  what this is connected to
  encoding  what the session speaks
  c  connect anew, with nothing of this session left
  write on|off  allow writing in a protected environment
  h [COMMAND]  SQL commands
  s [FILE]  what was typed before
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
