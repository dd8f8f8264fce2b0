/** In charge of the commands that run the statement before them, or the last one again. */
import { posternError } from "../../../base/error.ts";
import { formatTime } from "../../format.ts";
import { interpolate } from "../interpolate.ts";
import { formats, type ShellSettings } from "../settings.ts";
import type { ExecuteOptions, Shell } from "../shell.ts";
import { openTarget } from "../text-target.ts";
import { unquoted } from "./setting-commands.ts";

/** The statement before the command; else the last one. */
export function takeStatement(shell: Shell): string | undefined {
  const sql = shell.pending || shell.lastSql;
  shell.pending = "";
  if (sql !== "") return sql;
  shell.fail("There is no statement to run.");
  return undefined;
}

export async function goCommand(shell: Shell, rest: string, expanded: boolean): Promise<boolean> {
  const sql = takeStatement(shell);
  if (sql === undefined) return false;
  const { look, where } = readLook(rest.replace(/;$/, ""));
  const target = where === "" ? undefined : await openTarget(where);
  const options: ExecuteOptions = { expanded, look, target };
  try {
    return await shell.execute(sql, options);
  } finally {
    await target?.end();
  }
}

/** The one row's values become variables, behind the prefix that is given. */
export async function setFromRowCommand(shell: Shell, prefix: string): Promise<boolean> {
  const sql = takeStatement(shell);
  if (sql === undefined) return false;
  const rows = (await shell.collect(sql, 2)).records();
  if (rows.length !== 1) {
    shell.fail(`\\gset takes one row; these are ${rows.length === 0 ? "none" : "more"}.`);
    return false;
  }
  for (const [name, value] of Object.entries(rows[0]!)) {
    if (value === null) shell.settings.variables.delete(prefix + name);
    else shell.settings.variables.set(prefix + name, value);
  }
  return true;
}

/** Every value of the answer is a statement: they are run one after the other, up to the first that fails. */
export async function runResultsCommand(shell: Shell): Promise<boolean> {
  const sql = takeStatement(shell);
  if (sql === undefined) return false;
  const { rows } = await shell.collect(sql);
  for (const statement of rows.flat()) {
    if (
      statement !== null &&
      statement.trim() !== "" &&
      !(await shell.execute(statement, { isLiteral: true }))
    )
      return false;
  }
  shell.lastSql = sql;
  return true;
}

/** The columns that a statement has, without running it. */
export async function describeResultCommand(shell: Shell): Promise<boolean> {
  const sql = takeStatement(shell);
  if (sql === undefined) return false;
  shell.lastSql = sql;
  const text = interpolate(sql, shell.settings.variables).replace(/;\s*$/, "");
  const columns = await shell.session.describe(text);
  if (columns.length === 0) {
    shell.say("It answers with no rows, or none that are known before it runs.");
    return true;
  }
  const list = (values: readonly (string | number)[]) => JSON.stringify(values.map(String));
  await shell.show(
    `select c.name as column, format_type(t.oid::oid, m.modifier::int) as type
     from jsonb_array_elements_text($1::jsonb) with ordinality as c(name, place)
       join jsonb_array_elements_text($2::jsonb) with ordinality as t(oid, place) using (place)
       join jsonb_array_elements_text($3::jsonb) with ordinality as m(modifier, place) using (place)
     order by place`,
    [
      list(columns.map(({ name }) => name)),
      list(columns.map(({ typeOid }) => typeOid)),
      list(columns.map(({ modifier }) => modifier)),
    ],
    undefined,
    { quiet: true },
  );
  return true;
}

/** The next statement's `$1`, `$2`, …. */
export function bindCommand(shell: Shell, rest: string): undefined {
  shell.bound = [...rest.replace(/;$/, "").matchAll(/'((?:[^']|'')*)'|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain! : quoted.replaceAll("''", "'"),
  );
}

/** `\g (format=csv tuples_only=on) FILE`: how this one result looks, and where it goes. */
function readLook(text: string): { look: Partial<ShellSettings>; where: string } {
  const [, options, where = ""] = /^\(([^)]*)\)\s*(.*)$/s.exec(text) ?? [];
  if (options === undefined) return { look: {}, where: text };
  const look: Partial<ShellSettings> = {};
  for (const option of options.split(/\s+/).filter(Boolean)) {
    const [, name, value] = /^(\w+)=(.*)$/.exec(option) ?? ["", option, ""];
    Object.assign(look, readLookOption(name!, unquoted(value!)));
  }
  return { look, where };
}

function readLookOption(name: string, value: string): Partial<ShellSettings> {
  const isOn = !/^(off|false|0)$/i.test(value);
  const format = formats.find((known) => value !== "" && known.startsWith(value));
  if (name === "format" && format) return { format };
  if (name === "expanded" || name === "x")
    return { expanded: value === "auto" ? "auto" : isOn ? "on" : "off" };
  if (name === "null") return { nullText: value };
  if (name === "tuples_only" || name === "t") return { tuplesOnly: isOn };
  if (name === "footer") return { footer: isOn };
  if (name === "fieldsep") return { fieldSeparator: value };
  throw posternError("Y1013", `${name}=${value} is no way for a result to look.`, {
    hint: `format=${formats.join("|")}, expanded=on|off|auto, null=TEXT, tuples_only=on, footer=off, fieldsep=TEXT`,
  });
}

interface WatchOptions {
  seconds: number;
  /** How often it is run. */
  times: number;
  /** It ends with an answer of fewer rows. */
  fewest: number;
}

/** `5`, or `i=5 c=3 m=1` as psql has them. @throws Y1013 */
function readWatch(rest: string): WatchOptions {
  const options: WatchOptions = { seconds: 2, times: Number.POSITIVE_INFINITY, fewest: 0 };
  for (const word of rest.replace(/;$/, "").split(/\s+/).filter(Boolean)) {
    const [, name = "i", text = ""] = /^(?:(i|interval|c|count|m|min_rows)=)?([\d.]+)$/.exec(word) ?? [];
    const value = Number(text);
    const isRight = name.startsWith("i")
      ? value > 0 && value <= 86_400
      : Number.isSafeInteger(value) && value > 0;
    if (text === "" || !isRight) {
      throw posternError("Y1013", `\\watch does not know ${word}.`, {
        hint: "\\watch SECONDS, or \\watch i=SECONDS c=TIMES m=FEWEST_ROWS",
      });
    }
    if (name.startsWith("i")) options.seconds = value;
    else if (name.startsWith("c")) options.times = value;
    else options.fewest = value;
  }
  return options;
}

export async function watchCommand(shell: Shell, rest: string): Promise<boolean> {
  const sql = takeStatement(shell);
  if (sql === undefined) return false;
  const { seconds, times, fewest } = readWatch(rest);
  const stopped = new AbortController();
  for (let time = 1; !stopped.signal.aborted; time += 1) {
    await shell.print(
      shell.paint.dim(`${formatTime(new Date().toISOString())}, every ${seconds}s, ^C ends\n`),
    );
    if (!(await shell.execute(sql))) return false;
    if (time >= times || Number(shell.settings.variables.get("ROW_COUNT")) < fewest) break;
    const stop = shell.terminal?.onInterrupt(() => stopped.abort());
    await pause(seconds * 1000, stopped.signal);
    stop?.();
  }
  return true;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export async function printCommand(shell: Shell): Promise<undefined> {
  const sql = shell.pending || shell.lastSql;
  shell.pending = "";
  if (sql === "") shell.say("There is no statement.");
  else await shell.print(`${sql}\n`);
}

export function resetCommand(shell: Shell): undefined {
  shell.pending = "";
  shell.lastSql = "";
  shell.say("The statement is forgotten.");
}

export async function verboseErrorCommand(shell: Shell): Promise<undefined> {
  const error = shell.lastError;
  if (!error) {
    shell.say("There was no error.");
    return;
  }
  const fields = { ...(error.cause as object | undefined) } as Record<string, unknown>;
  const known = Object.entries(fields).filter(([, value]) => typeof value === "string" && value !== "");
  const lines = known.map(([name, value]) => `  ${name}: ${String(value)}`);
  await shell.printData(`${[`${error.code}: ${error.message}`, ...lines].join("\n")}\n`);
}
