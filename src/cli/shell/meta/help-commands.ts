/** In charge of `\?` and `\h`. */
import { renderColumns } from "../../table.ts";
import { statementWords } from "../keywords.ts";
import type { Shell } from "../shell.ts";
import { commandHelp } from "./command-help.ts";

const keyHelp: readonly [string, string][] = [
  ["Enter", "run what ends with ; else a new line"],
  ["Alt-Enter", "a new line in any case"],
  ["Tab", "complete"],
  ["Up, Down, Ctrl-R", "what was typed before"],
  ["Ctrl-C", "clear the input, end a running statement; quit when there is neither"],
  ["Ctrl-D", "quit when the input is empty"],
];

export async function helpCommand(shell: Shell): Promise<undefined> {
  const groups = [...new Set(commandHelp.map(({ group }) => group))];
  const rows = groups.flatMap((group) => [
    [shell.paint.bold(group)],
    ...commandHelp
      .filter((help) => help.group === group)
      .map(({ usage, summary }) => [`  \\${usage}`, summary]),
  ]);
  const keys = keyHelp.map(([key, summary]) => [`  ${key}`, summary]);
  await shell.print(`${renderColumns([...rows, [shell.paint.bold("Keys")], ...keys])}\n`);
}

/** The documentation itself is a better place for it than a terminal. */
export async function sqlHelpCommand(shell: Shell, rest: string): Promise<undefined> {
  const wanted = rest.replace(/;$/, "").trim().toLowerCase();
  const major = shell.about.version.split(".")[0] || "current";
  const place = `https://www.postgresql.org/docs/${major}`;
  if (wanted === "") {
    await shell.print(`${statementWords.join(" ")}\n\n\\h COMMAND, or ${place}/sql-commands.html\n`);
    return;
  }
  await shell.print(`${wanted.toUpperCase()}: ${place}/sql-${wanted.replaceAll(/\s+/g, "")}.html\n`);
}
