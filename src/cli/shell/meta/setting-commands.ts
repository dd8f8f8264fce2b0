/** In charge of the commands that set how results look, and variables. */
import { renderColumns } from "../../table.ts";
import { refusedSetting } from "../own-variables.ts";
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
          ["fieldsep", `'${settings.fieldSeparator}'`],
          ["footer", settings.footer ? "on" : "off"],
          ["tuples_only", settings.tuplesOnly ? "on" : "off"],
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
    case "fieldsep":
      if (value !== "") settings.fieldSeparator = value.replaceAll("\\t", "\t");
      shell.say(`Fields are parted by '${settings.fieldSeparator}' (\\pset format unaligned).`);
      return true;
    case "t":
      return switchSetting(shell, "tuples_only", value);
    default:
      return switchSetting(shell, name, value);
  }
}

const switches: Record<string, { key: "pager" | "footer" | "tuplesOnly"; title: string }> = {
  pager: { key: "pager", title: "The pager" },
  footer: { key: "footer", title: "The count of rows behind them" },
  tuples_only: { key: "tuplesOnly", title: "Showing rows only" },
};

function switchSetting(shell: Shell, name: string, value: string): boolean {
  const known = Object.hasOwn(switches, name) ? switches[name] : undefined;
  if (!known) {
    const names = "expanded, fieldsep, footer, format, null, pager and tuples_only";
    shell.fail(`There is no setting ${name}.`, `Known are ${names}.`);
    return false;
  }
  const wanted = onOff(shell, value, shell.settings[known.key]);
  if (wanted === undefined) return false;
  shell.settings[known.key] = wanted;
  shell.say(`${known.title} is ${wanted ? "on" : "off"}.`);
  return true;
}

/** A variable from what is typed. */
export async function promptCommand(shell: Shell, rest: string): Promise<boolean> {
  const [, question = "", name = ""] =
    /^(?:('(?:[^']|'')*'|.*?)\s+)?(\w+)$/s.exec(rest.replace(/;$/, "")) ?? [];
  if (name === "") {
    shell.fail("Which variable?", "\\prompt 'How many?' NAME");
    return false;
  }
  if (!shell.askForLine) {
    shell.fail("Nobody can be asked here.", `--set ${name}=VALUE gives it.`);
    return false;
  }
  const line = await shell.askForLine(unquoted(question) || `${name}:`);
  if (line === undefined) return false;
  shell.settings.variables.set(name, line);
  return true;
}

export function fromEnvironmentCommand(shell: Shell, rest: string): boolean {
  const [name = "", variable = ""] = rest.replace(/;$/, "").split(/\s+/);
  if (!/^\w+$/.test(name) || variable === "") {
    shell.fail("Which variable of the environment?", "\\getenv NAME VARIABLE");
    return false;
  }
  const value = process.env[variable];
  if (value !== undefined) shell.settings.variables.set(name, value);
  return true;
}

/** For the programs that the shell starts. */
export function toEnvironmentCommand(shell: Shell, rest: string): boolean {
  const [, name = "", value = ""] = /^(\S*)\s*(.*)$/s.exec(rest)!;
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    shell.fail("Which variable of the environment?", "\\setenv NAME [VALUE]");
    return false;
  }
  if (value === "") delete process.env[name];
  else process.env[name] = unquoted(value);
  return true;
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
  const refused = refusedSetting(name, unquoted(value));
  if (refused !== undefined) {
    shell.fail(`${name} ${unquoted(value)} is not taken.`, refused);
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
