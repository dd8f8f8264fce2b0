/** In charge of the commands about files and programs of this machine. */
import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { messageOf, posternError } from "../../../base/error.ts";
import { printable } from "../../table.ts";
import { runScript } from "../run-script.ts";
import type { Shell } from "../shell.ts";
import { openTarget } from "../text-target.ts";
import { unquoted } from "./setting-commands.ts";

const mostDepth = 16;
/** Files that are being run, the innermost last. */
const running: string[] = [];

export async function includeCommand(shell: Shell, rest: string, isRelative: boolean): Promise<boolean> {
  if (rest === "") {
    shell.fail("Which file?", "\\i FILE");
    return false;
  }
  const base = isRelative && running.length > 0 ? dirname(running.at(-1)!) : process.cwd();
  return runFile(shell, resolve(base, unquoted(rest)));
}

/** As it is read: a file may be larger than the memory. @throws Y1013 */
export async function runFile(shell: Shell, file: string): Promise<boolean> {
  if (running.length >= mostDepth) throw posternError("Y1013", `${file} runs itself.`);
  const unreadable = (error: unknown) =>
    posternError("Y1013", `${file} cannot be read.`, { detail: messageOf(error) });
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(error);
  });
  running.push(file);
  try {
    if ((await handle.stat()).isDirectory()) throw unreadable("It is a folder.");
    return await runScript(shell, handle.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>);
  } finally {
    running.pop();
    await handle.close();
  }
}

export async function outputCommand(shell: Shell, rest: string): Promise<undefined> {
  const before = shell.redirect;
  shell.redirect = undefined;
  await before?.end();
  if (rest !== "") shell.redirect = await openTarget(unquoted(rest));
}

/** To stdout, to where results go, or to stderr; `-n`: the line goes on. */
export async function echoCommand(
  shell: Shell,
  rest: string,
  where: "screen" | "results" | "talk",
): Promise<undefined> {
  const [, goesOn, text = ""] = /^(-n(?:\s+|$))?(.*)$/s.exec(rest)!;
  const line = `${unquoted(text)}${goesOn === undefined ? "\n" : ""}`;
  if (where === "talk") process.stderr.write(printable(line));
  else await shell.printData(line, { besideResults: where === "screen" });
}

/** The statement before the command, else the last one, into a file or a program. */
export async function writeStatementCommand(shell: Shell, rest: string): Promise<boolean> {
  const sql = shell.pending || shell.lastSql;
  shell.pending = "";
  if (rest === "" || sql === "") {
    shell.fail(rest === "" ? "Which file?" : "There is no statement.", "\\w FILE");
    return false;
  }
  const target = await openTarget(unquoted(rest));
  await target.write(`${sql}\n`);
  await target.end();
  return true;
}

/** Where names of files begin; without a name where the user is at home. */
export function folderCommand(shell: Shell, rest: string): boolean {
  const folder = rest === "" ? homedir() : resolve(unquoted(rest));
  try {
    process.chdir(folder);
    return true;
  } catch (error) {
    shell.fail(`${folder} cannot be gone to: ${messageOf(error)}`);
    return false;
  }
}

export async function bangCommand(shell: Shell, rest: string): Promise<boolean> {
  const command = rest === "" ? (process.env.SHELL ?? "sh") : rest;
  const code = await lendTo(shell, command);
  if (code !== 0) shell.say(`${command} ended with ${code}.`);
  return code === 0;
}

/** A program has the terminal to itself. */
export function lendTo(shell: Shell, command: string, environment?: NodeJS.ProcessEnv): Promise<number> {
  const run = () =>
    new Promise<number>((done) => {
      const child = spawn(command, {
        shell: true,
        stdio: "inherit",
        env: { ...process.env, ...environment },
      });
      child.once("error", () => done(127));
      child.once("exit", (code) => done(code ?? 1));
    });
  return shell.terminal ? shell.terminal.lend(run) : run();
}
