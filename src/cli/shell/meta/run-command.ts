/** In charge of which command does what: the one list of all that a backslash can begin. */
import { suggest } from "../../../manifest/suggest.ts";
import type { Shell } from "../shell.ts";
import { commandHelp } from "./command-help.ts";
import { copyCommand } from "./copy-command.ts";
import { crosstabCommand } from "./crosstab-command.ts";
import { describe } from "./describe.ts";
import { editCommand, editSourceCommand } from "./edit-command.ts";
import {
  bangCommand,
  echoCommand,
  folderCommand,
  includeCommand,
  outputCommand,
  writeStatementCommand,
} from "./file-commands.ts";
import { helpCommand, sqlHelpCommand } from "./help-commands.ts";
import { historyCommand, typedCommand } from "./history-command.ts";
import {
  explainCommand,
  locksCommand,
  migrationsCommand,
  rlsCommand,
  slowCommand,
} from "./postern-commands.ts";
import { refusedCommands } from "./refused-commands.ts";
import {
  bindCommand,
  describeResultCommand,
  goCommand,
  printCommand,
  resetCommand,
  runResultsCommand,
  setFromRowCommand,
  verboseErrorCommand,
  watchCommand,
} from "./run-commands.ts";
import {
  connectCommand,
  connectionCommand,
  encodingCommand,
  restrictCommand,
  unrestrictCommand,
  whoamiCommand,
  writeCommand,
} from "./session-commands.ts";
import {
  expandedCommand,
  fromEnvironmentCommand,
  promptCommand,
  psetCommand,
  setCommand,
  timingCommand,
  toEnvironmentCommand,
  unsetCommand,
} from "./setting-commands.ts";
import { sourceCommand } from "./source-command.ts";

/** False when it failed. */
export type Command = (shell: Shell, rest: string) => Promise<boolean | undefined> | boolean | undefined;

const commands: Record<string, Command> = {
  "?": helpCommand,
  h: sqlHelpCommand,
  help: sqlHelpCommand,
  q: quit,
  quit,
  exit: quit,
  restrict: restrictCommand,
  unrestrict: unrestrictCommand,
  conninfo: connectionCommand,
  whoami: whoamiCommand,
  write: writeCommand,
  x: expandedCommand,
  timing: timingCommand,
  pset: psetCommand,
  a: (shell) =>
    psetCommand(shell, shell.settings.format === "aligned" ? "format unaligned" : "format aligned"),
  t: (shell, rest) => psetCommand(shell, `tuples_only ${rest}`),
  f: (shell, rest) => psetCommand(shell, `fieldsep ${rest === ";" ? "';'" : rest}`),
  set: setCommand,
  unset: unsetCommand,
  prompt: promptCommand,
  getenv: fromEnvironmentCommand,
  setenv: toEnvironmentCommand,
  encoding: encodingCommand,
  g: (shell, rest) => goCommand(shell, rest, false),
  gx: (shell, rest) => goCommand(shell, rest, true),
  gset: setFromRowCommand,
  gdesc: describeResultCommand,
  gexec: runResultsCommand,
  bind: bindCommand,
  crosstabview: crosstabCommand,
  watch: watchCommand,
  p: printCommand,
  print: printCommand,
  r: resetCommand,
  reset: resetCommand,
  errverbose: verboseErrorCommand,
  e: editCommand,
  edit: editCommand,
  ef: (shell, rest) => editSourceCommand(shell, "function", rest),
  ev: (shell, rest) => editSourceCommand(shell, "view", rest),
  i: (shell, rest) => includeCommand(shell, rest, false),
  include: (shell, rest) => includeCommand(shell, rest, false),
  ir: (shell, rest) => includeCommand(shell, rest, true),
  include_relative: (shell, rest) => includeCommand(shell, rest, true),
  o: outputCommand,
  out: outputCommand,
  w: writeStatementCommand,
  cd: folderCommand,
  s: typedCommand,
  echo: (shell, rest) => echoCommand(shell, rest, "screen"),
  qecho: (shell, rest) => echoCommand(shell, rest, "results"),
  warn: (shell, rest) => echoCommand(shell, rest, "talk"),
  "!": bangCommand,
  copy: copyCommand,
  migrations: migrationsCommand,
  slow: slowCommand,
  locks: locksCommand,
  explain: explainCommand,
  rls: rlsCommand,
  history: historyCommand,
  sf: (shell, rest) => sourceCommand(shell, "function", rest),
  "sf+": (shell, rest) => sourceCommand(shell, "function", rest, { numbered: true }),
  sv: (shell, rest) => sourceCommand(shell, "view", rest),
  "sv+": (shell, rest) => sourceCommand(shell, "view", rest, { numbered: true }),
  z: (shell, rest) => describe(shell, "dp", rest),
  list: (shell, rest) => describe(shell, "l", rest),
  "list+": (shell, rest) => describe(shell, "l+", rest),
  c: connectCommand,
  connect: connectCommand,
};

function quit(shell: Shell): undefined {
  shell.isOver = true;
}

export async function runCommand(shell: Shell, name: string, rest: string): Promise<boolean> {
  const bare = name.replace(/(?<=.);$/, "");
  if (shell.restriction !== undefined && bare !== "unrestrict") {
    shell.fail(`\\${bare} is not run: the script restricts itself to SQL.`, "\\unrestrict KEY lifts it.");
    return false;
  }
  const command = Object.hasOwn(commands, bare) ? commands[bare] : undefined;
  if (command) return (await command(shell, rest)) !== false;
  const described = await describe(shell, bare, rest);
  if (described !== undefined) return described;
  const refused = refusedCommands.find(({ names }) => names.test(bare));
  if (refused) {
    shell.fail(`\\${bare} is psql's alone.`, refused.instead);
    return false;
  }
  const near = suggest(bare, [...Object.keys(commands), ...commandHelp.map((help) => help.name)]);
  shell.fail(
    `There is no command \\${bare}.`,
    near === undefined || near === bare
      ? "\\? lists them all."
      : `Did you mean \\${near}? \\? lists them all.`,
  );
  return false;
}
