/** In charge of where a statement's answer goes and how it looks there: the screen, its pager, or what results are led to. */
import type { Paint } from "../output.ts";
import { printable } from "../table.ts";
import { printResult, type ResultPrinter } from "./print-result.ts";
import type { ShellSettings } from "./settings.ts";
import type { ExecuteOptions, Shell } from "./shell.ts";
import { PagedTarget, type TextTarget } from "./text-target.ts";

export interface OpenedAnswer {
  printer: ResultPrinter;
  /** What COPY sends goes the same way. */
  copyOut(data: Buffer): Promise<void>;
  close(): Promise<void>;
}

export function openAnswer(shell: Shell, options: ExecuteOptions, stdout: TextTarget): OpenedAnswer {
  const { terminal } = shell;
  const isPaged = terminal !== undefined && process.stdout.isTTY && !options.target && !shell.redirect;
  const own = isPaged ? new PagedTarget(terminal, stdout, shell.settings.pager) : undefined;
  const target = options.target ?? shell.redirect ?? own ?? stdout;
  const settings: ShellSettings = {
    ...shell.settings,
    ...(options.expanded && { expanded: "on" }),
    ...options.look,
    // What a list of the shell's own has nothing about is left blank.
    ...(options.isOwn && { nullText: "" }),
  };
  const printer = printResult({
    target,
    settings,
    paint: target.isScreen ? shell.paint : plainPaint(shell.paint),
    width: terminal ? terminal.size().columns : Number.POSITIVE_INFINITY,
    title: options.title,
    quiet: options.quiet ?? false,
    say: (text) => shell.say(text),
  });
  return {
    printer,
    async copyOut(data) {
      const text = data.toString("utf8");
      await target.write(target.isTerminal ? printable(text) : text);
    },
    close: async () => own?.end(),
  };
}

/** Files get no colours. */
function plainPaint(paint: Paint): Paint {
  const same = (text: string | number | null | undefined) => String(text);
  return { ...paint, bold: same, dim: same, red: same };
}
