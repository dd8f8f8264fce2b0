/** In charge of the shell as a whole: on a terminal with an editor and its banner, else as a script from stdin. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { userConfigDirectory } from "../../base/directories.ts";
import { exitCodes } from "../../base/error-codes.ts";
import type { CommandInput } from "../command-input.ts";
import type { CliContext } from "../context.ts";
import { renderBanner, renderPrompt } from "./banner.ts";
import { complete } from "./complete.ts";
import { openHistory } from "./history.ts";
import { LineEditor } from "./line-editor.ts";
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
  try {
    const isInteractive = process.stdin.isTTY === true && process.stderr.isTTY === true;
    return await (isInteractive ? converse(context, opened) : runPiped(context, opened));
  } finally {
    await opened.session.close();
  }
}

async function runPiped(
  { output }: CliContext,
  { session, about }: OpenedShell,
): Promise<number | undefined> {
  const shell = new Shell({ session, about, paint: output.paint, talkPaint: output.talkPaint });
  setFormat(shell, output.format);
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  const worked = await runScript(shell, lines);
  await shell.redirect?.end();
  lines.close();
  return worked ? undefined : exitCodes.sql;
}

function setFormat(shell: Shell, format: string): void {
  if (format === "json" || format === "csv") shell.settings.format = format as ResultFormat;
}

async function converse(context: CliContext, { session, about, key }: OpenedShell): Promise<undefined> {
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
  setFormat(shell, output.format);
  shell.settings.expanded = "auto";
  shell.ask = (question) => askOnTerminal(terminal, question);
  const editor = new LineEditor({
    terminal,
    history,
    paint: output.talkPaint,
    prompt: () => renderPrompt(shell),
    complete: (text, cursor) => complete(text, cursor, shell.catalog),
    placeholder: "Enter SQL (end with ;)",
    hint: "Tab complete · \\? help",
  });
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
    if (end.kind === "end") break;
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
