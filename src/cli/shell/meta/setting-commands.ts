/** In charge of the commands that set how results look, and variables. */
import { renderColumns } from "../../table.ts";
import { formats, type ResultFormat } from "../settings.ts";
import type { Shell } from "../shell.ts";

/** The word that is given, else the other of the two. */
function onOff(shell: Shell, word: string, now: boolean): boolean | undefined {
  if (word === "") return !now;
  if (/^(on|true|1)$/i.test(word)) return true;
  if (/^(off|false|0)$/i.test(word)) return false;
  shell.fail(`${word} is neither on nor off.`);
  return undefined;
}

export function expandedCommand(shell: Shell, rest: string): boolean {
  const word = rest.replace(/;$/, "").toLowerCase();
  if (word === "auto") shell.settings.expanded = "auto";
  else {
    const wanted = onOff(shell, word, shell.settings.expanded === "on");
    if (wanted === undefined) return false;
    shell.settings.expanded = wanted ? "on" : "off";
  }
  shell.say(`Expanded display is ${shell.settings.expanded}.`);
  return true;
}

export function timingCommand(shell: Shell, rest: string): boolean {
  const wanted = onOff(shell, rest.replace(/;$/, ""), shell.settings.timing);
  if (wanted === undefined) return false;
  shell.settings.timing = wanted;
  shell.say(`Timing is ${wanted ? "on" : "off"}.`);
  return true;
}

export async function psetCommand(shell: Shell, rest: string): Promise<boolean> {
  const [, name = "", given = ""] = /^(\S*)\s*(.*)$/.exec(rest.replace(/;$/, ""))!;
  const value = unquoted(given);
  const { settings } = shell;
  switch (name) {
    case "":
      await shell.print(
        `${renderColumns([
          ["expanded", settings.expanded],
          ["format", settings.format],
          ["null", `'${settings.nullText}'`],
          ["pager", settings.pager ? "on" : "off"],
        ])}\n`,
      );
      return true;
    case "format": {
      const format = formats.find((known) => known.startsWith(value) && value !== "") as
        | ResultFormat
        | undefined;
      if (!format) {
        shell.fail(`There is no format ${value || "without a name"}.`, `Known are ${formats.join(", ")}.`);
        return false;
      }
      settings.format = format;
      shell.say(`Output format is ${format}.`);
      return true;
    }
    case "null":
      settings.nullText = value;
      shell.say(`NULL is shown as '${value}'.`);
      return true;
    case "x":
    case "expanded":
      return expandedCommand(shell, value);
    case "pager": {
      const wanted = onOff(shell, value, settings.pager);
      if (wanted === undefined) return false;
      settings.pager = wanted;
      shell.say(`The pager is ${wanted ? "on" : "off"}.`);
      return true;
    }
    default:
      shell.fail(`There is no setting ${name}.`, "Known are expanded, format, null and pager.");
      return false;
  }
}

export async function setCommand(shell: Shell, rest: string): Promise<boolean> {
  const [, name = "", value = ""] = /^(\S*)\s*(.*)$/.exec(rest)!;
  const { variables } = shell.settings;
  if (name === "") {
    const rows = [...variables].map(([variable, content]) => [variable, `= '${content}'`]);
    if (rows.length > 0) await shell.printData(`${renderColumns(rows)}\n`);
    return true;
  }
  if (!/^\w+$/.test(name)) {
    shell.fail(`${name} cannot be the name of a variable.`, "Letters, digits and _ can.");
    return false;
  }
  variables.set(name, unquoted(value));
  return true;
}

export function unsetCommand(shell: Shell, rest: string): undefined {
  shell.settings.variables.delete(rest.trim());
}

export const unquoted = (text: string): string => {
  const inner = /^'(.*)'$/s.exec(text.trim())?.[1];
  return inner === undefined ? text.trim() : inner.replaceAll("''", "'");
};
