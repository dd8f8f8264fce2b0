/** In charge of the shell as a whole: on a terminal with an editor and its banner, else as a script from stdin. */
import { join } from "node:path";
import { userConfigDirectory } from "../../base/directories.ts";
import { posternError } from "../../base/error.ts";
import { exitCodeOf, exitCodes } from "../../base/error-codes.ts";
import type { CommandInput } from "../command-input.ts";
import type { CliContext } from "../context.ts";
import { renderBanner, renderPrompt } from "./banner.ts";
import { complete } from "./complete.ts";
import { openHistory } from "./history.ts";
import { LineEditor } from "./line-editor.ts";
import { readAnswer, readTypedData } from "./read-typed-data.ts";
import { runScript } from "./run-script.ts";
import type { ResultFormat } from "./settings.ts";
import { Shell } from "./shell.ts";
import { loadWebSockets, type OpenedShell, openShell } from "./shell-target.ts";
import { Terminal } from "./terminal.ts";

export async function runShell(context: CliContext, input: CommandInput): Promise<number | undefined> {
  await loadWebSockets();
  const opened = await openShell(context, input, {
    readOnly: input.flag("readOnly"),
    guardsProtected: true,
  });
  const isScript = input.list("command").length > 0 || input.list("file").length > 0;
  try {
    const isInteractive = !isScript && process.stdin.isTTY === true && process.stderr.isTTY === true;
    return await (isInteractive ? converse(context, opened, input) : runUnattended(context, opened, input));
  } finally {
    await opened.session.close();
  }
}

/** What --command and --file give, else what is piped; nothing is asked, and the first error ends it. */
async function runUnattended(
  { output }: CliContext,
  { session, about }: OpenedShell,
  input: CommandInput,
): Promise<number | undefined> {
  const shell = new Shell({ session, about, paint: output.paint, talkPaint: output.talkPaint });
  // What a script has set up would silently be missing from then on.
  session.revives = false;
  prepare(shell, output.format, input);
  // The statement must not go on at the server when nobody waits for it any more.
  const stop = (signal: NodeJS.Signals) => {
    const code = signal === "SIGINT" ? exitCodes.interrupted : hangUpCode;
    void session
      .cancel()
      .catch(() => {})
      .finally(() => process.exit(code));
    setTimeout(() => process.exit(code), 1_000);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop);
  try {
    const worked = await runSources(shell, input);
    await shell.redirect?.end();
    if (worked) return undefined;
    return shell.lastError ? exitCodeOf(shell.lastError.code) : exitCodes.sql;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop).off("SIGHUP", stop);
  }
}

async function runSources(shell: Shell, input: CommandInput): Promise<boolean> {
  const commands = input.list("command");
  const files = input.list("file");
  if (commands.length + files.length === 0) return runScript(shell, process.stdin);
  // COPY … FROM STDIN reads what is piped.
  shell.inlineData = () => process.stdin;
  for (const command of commands) if (!shell.isOver && !(await shell.runInput(command))) return false;
  for (const file of files) {
    if (shell.isOver) break;
    const worked = await (file === "-"
      ? runScript(shell, process.stdin)
      : shell.runInput(`\\i ${quoted(file)}`));
    if (!worked) return false;
  }
  return true;
}

const quoted = (file: string): string => `'${file.replaceAll("'", "''")}'`;

function prepare(shell: Shell, format: string, input: CommandInput): void {
  setFormat(shell, format);
  for (const given of input.list("set")) {
    const [, name, value] = /^(\w+)=(.*)$/s.exec(given) ?? [];
    if (name === undefined) {
      throw posternError("Y1013", `--set ${given} is no NAME=VALUE.`, { hint: "--set table=users" });
    }
    shell.settings.variables.set(name, value!);
  }
}

function setFormat(shell: Shell, format: string): void {
  if (format === "json" || format === "csv") shell.settings.format = format as ResultFormat;
}

async function converse(
  context: CliContext,
  { session, about, key }: OpenedShell,
  input: CommandInput,
): Promise<undefined> {
  const { output } = context;
  const file = join(userConfigDirectory(), "history", key.replaceAll(/[^\w.-]/g, "_"));
  const history = await openHistory(file);
  const terminal = new Terminal(process.stdin, process.stderr);
  const shell = new Shell({
    session,
    about,
    terminal,
    history,
    paint: output.paint,
    talkPaint: output.talkPaint,
  });
  prepare(shell, output.format, input);
  shell.settings.expanded = "auto";
  shell.ask = (question) => askOnTerminal(terminal, question);
  shell.askForLine = (question) => readAnswer(terminal, output.talkPaint, question);
  const editor = new LineEditor({
    terminal,
    history,
    paint: output.talkPaint,
    prompt: () => renderPrompt(shell),
    complete: (text, cursor) => complete(text, cursor, shell.catalog),
    placeholder: "Enter SQL (end with ;)",
    hint: "Tab complete · \\? help",
  });
  shell.inlineData = (ended) => readTypedData(terminal, output.talkPaint, ended);
  shell.interject = (write) => editor.interject(write);
  shell.say(renderBanner(about, session.user, output.talkPaint, terminal.size().columns));
  // A terminal that has gone takes the session along; a statement under way is ended.
  const leave = () => {
    void session.cancel().catch(() => {});
    setTimeout(() => process.exit(hangUpCode), 200);
  };
  terminal.open(leave);
  try {
    await readAndRun(shell, editor);
  } finally {
    terminal.close();
    await shell.redirect?.end();
    await history.flush();
  }
  return undefined;
}

const hangUpCode = 129;

async function readAndRun(shell: Shell, editor: LineEditor): Promise<void> {
  while (!shell.isOver) {
    void shell.refreshCatalog();
    const { prefill } = shell;
    shell.prefill = "";
    const end = await editor.read(prefill);
    if (end.kind !== "input") break;
    await shell.runInput(end.text);
  }
}

function askOnTerminal(terminal: Terminal, question: string): Promise<boolean> {
  terminal.write(`${question} (y/N) `);
  return new Promise((resolve) => {
    const stop = terminal.listen((key) => {
      stop();
      const yes = key.text === "y" || key.text === "Y";
      terminal.write(`${yes ? "y" : "n"}\n`);
      resolve(yes);
    });
  });
}
