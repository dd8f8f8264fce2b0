/** In charge of which command does what: the one list of all that a backslash can begin. */
import { suggest } from "../../../manifest/suggest.ts";
import type { Shell } from "../shell.ts";
import { commandHelp } from "./command-help.ts";
import { copyCommand } from "./copy-command.ts";
import { describe } from "./describe.ts";
import { editCommand, editSourceCommand } from "./edit-command.ts";
import { bangCommand, echoCommand, includeCommand, outputCommand } from "./file-commands.ts";
import { helpCommand, sqlHelpCommand } from "./help-commands.ts";
import { historyCommand } from "./history-command.ts";
import {
  explainCommand,
  locksCommand,
  migrationsCommand,
  rlsCommand,
  slowCommand,
} from "./postern-commands.ts";
import {
  goCommand,
  printCommand,
  resetCommand,
  setFromRowCommand,
  verboseErrorCommand,
  watchCommand,
} from "./run-commands.ts";
import { connectCommand, connectionCommand, whoamiCommand, writeCommand } from "./session-commands.ts";
import { expandedCommand, psetCommand, setCommand, timingCommand, unsetCommand } from "./setting-commands.ts";
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
  conninfo: connectionCommand,
  whoami: whoamiCommand,
  write: writeCommand,
  x: expandedCommand,
  timing: timingCommand,
  pset: psetCommand,
  a: (shell) =>
    psetCommand(shell, shell.settings.format === "aligned" ? "format unaligned" : "format aligned"),
  set: setCommand,
  unset: unsetCommand,
  g: (shell, rest) => goCommand(shell, rest, false),
  gx: (shell, rest) => goCommand(shell, rest, true),
  gset: setFromRowCommand,
  watch: watchCommand,
  p: printCommand,
  r: resetCommand,
  errverbose: verboseErrorCommand,
  e: editCommand,
  ef: (shell, rest) => editSourceCommand(shell, "function", rest),
  ev: (shell, rest) => editSourceCommand(shell, "view", rest),
  i: (shell, rest) => includeCommand(shell, rest, false),
  ir: (shell, rest) => includeCommand(shell, rest, true),
  o: outputCommand,
  echo: echoCommand,
  "!": bangCommand,
  copy: copyCommand,
  migrations: migrationsCommand,
  slow: slowCommand,
  locks: locksCommand,
  explain: explainCommand,
  rls: rlsCommand,
  history: historyCommand,
  sf: (shell, rest) => sourceCommand(shell, "function", rest),
  sv: (shell, rest) => sourceCommand(shell, "view", rest),
  z: (shell, rest) => describe(shell, "dp", rest),
  c: connectCommand,
  connect: connectCommand,
};

function quit(shell: Shell): undefined {
  shell.isOver = true;
}

export async function runCommand(shell: Shell, name: string, rest: string): Promise<boolean> {
  const bare = name.replace(/;$/, "");
  const command = Object.hasOwn(commands, bare) ? commands[bare] : undefined;
  if (command) return (await command(shell, rest)) !== false;
  const described = await describe(shell, bare, rest);
  if (described !== undefined) return described;
  const near = suggest(bare, [...Object.keys(commands), ...commandHelp.map((help) => help.name)]);
  shell.fail(
    `There is no command \\${bare}.`,
    near === undefined || near === bare
      ? "\\? lists them all."
      : `Did you mean \\${near}? \\? lists them all.`,
  );
  return false;
}
