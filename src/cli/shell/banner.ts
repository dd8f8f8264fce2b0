/** In charge of what stands above the first prompt, and of the prompt. */
import type { Paint } from "../output.ts";
import { displayWidth, printable } from "../table.ts";
import type { Shell } from "./shell.ts";
import type { ShellAbout } from "./shell-about.ts";
import type { TransactionState } from "./shell-session.ts";

const leastWidth = 50;

export function renderBanner(about: ShellAbout, role: string, paint: Paint, columns: number): string {
  const plain = [
    ` >_ postern db connect (${about.label})`,
    "",
    `    database: ${about.database}   role: ${role}   pg ${about.version}`,
    `    host: ${about.host}`,
  ].map(printable);
  const width = Math.max(leastWidth, ...plain.map((line) => displayWidth(line) + 2));
  // A box that is wider than the screen is no box.
  if (width + 2 > columns) return plain.filter((line) => line !== "").join("\n");
  const lines = plain.map((line, at) => {
    const text = `${line}${" ".repeat(width - displayWidth(line))}`;
    return `${paint.dim("│")}${at === 0 ? paint.bold(text) : text}${paint.dim("│")}`;
  });
  const edge = "─".repeat(width);
  return [paint.dim(`╭${edge}╮`), ...lines, paint.dim(`╰${edge}╯`)].join("\n");
}

const marks: Record<TransactionState, string> = { idle: "›", open: "*›", failed: "!›" };

export function renderPrompt({ session, about, talkPaint }: Shell): string {
  const badge =
    about.protectedAs === undefined ? "" : `${talkPaint.bgRed(talkPaint.white(` ${about.protectedAs} `))} `;
  const mode = session.readOnly ? `${talkPaint.yellow("ro")} ` : "";
  const mark = marks[session.state];
  return `${badge}${mode}${session.state === "failed" ? talkPaint.red(mark) : talkPaint.cyan(mark)} `;
}
