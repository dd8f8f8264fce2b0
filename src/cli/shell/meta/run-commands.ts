/** In charge of the commands that run the statement before them, or the last one again. */
import { formatTime } from "../../format.ts";
import type { ExecuteOptions, Shell } from "../shell.ts";
import { openTarget } from "../text-target.ts";

/** The statement before the command; else the last one. */
function takeStatement(shell: Shell): string | undefined {
  const sql = shell.pending || shell.lastSql;
  shell.pending = "";
  if (sql !== "") return sql;
  shell.fail("There is no statement to run.");
  return undefined;
}

export async function goCommand(shell: Shell, rest: string, expanded: boolean): Promise<boolean> {
  const sql = takeStatement(shell);
  if (sql === undefined) return false;
  const target = rest === "" ? undefined : await openTarget(rest);
  const options: ExecuteOptions = { expanded, target };
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
  const rows = await shell.collect(sql, 2);
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

export async function watchCommand(shell: Shell, rest: string): Promise<boolean> {
  const sql = takeStatement(shell);
  if (sql === undefined) return false;
  const seconds = rest === "" ? 2 : Number(rest);
  if (!(seconds > 0)) {
    shell.fail(`${rest} is no number of seconds.`);
    return false;
  }
  const stopped = new AbortController();
  while (!stopped.signal.aborted) {
    await shell.print(
      shell.paint.dim(`${formatTime(new Date().toISOString())}, every ${seconds}s, ^C ends\n`),
    );
    if (!(await shell.execute(sql))) return false;
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
