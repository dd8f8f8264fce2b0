/** In charge of cutting what was typed into statements and commands, and of telling when it can be run. */
import { readTokens, scanTokens } from "./read-tokens.ts";

export type InputPart =
  /** `isWhole`: it ends with its semicolon. */
  | { kind: "sql"; text: string; start: number; isWhole: boolean }
  /** `\name rest` up to the end of the line. */
  | { kind: "command"; name: string; rest: string; start: number };

/** What is only comments and blanks is no part. */
export function splitInput(text: string): InputPart[] {
  const parts: InputPart[] = [];
  let from = 0;
  while (from < text.length) {
    const { end, isWhole, command } = findEnd(text, from);
    const sql = text.slice(from, end);
    if (hasContent(sql)) {
      const lead = /^\s*/.exec(sql)![0].length;
      parts.push({ kind: "sql", text: sql.trim(), start: from + lead, isWhole });
    }
    from = end;
    if (command) {
      const line = firstCommand(lineAt(text, end));
      const { name, rest } = readCommand(line);
      parts.push({ kind: "command", name, rest, start: end });
      from = end + line.length;
    }
  }
  return parts;
}

/** Can it be run as it is? A statement with its semicolon, a command, or nothing at all. */
export function isComplete(text: string): boolean {
  const parts = splitInput(text);
  const last = parts.at(-1);
  if (last === undefined) return !readTokens(text).some(({ isOpen }) => isOpen);
  return last.kind === "command" || (last.isWhole && !readTokens(text).at(-1)!.isOpen);
}

function hasContent(sql: string): boolean {
  for (const { kind, start, end } of scanTokens(sql)) {
    if (kind !== "space" && kind !== "comment" && sql.slice(start, end) !== ";") return true;
  }
  return false;
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf("\n", start);
  return text.slice(start, end === -1 ? undefined : end);
}

/** Those whose words are SQL or another program's have the line to themselves. */
const takesLine = /^\\(!|(?:copy|h|help|sf\+?|sv\+?|ef|ev|explain|rls)(?=\s|$)|(?:o|out|g|gx|w)\s*\|)/;

/** Up to the next command of the line: `\x \dt` are two. */
function firstCommand(line: string): string {
  if (takesLine.test(line)) return line;
  let quote = "";
  for (let at = 1; at < line.length; at += 1) {
    const character = line[at]!;
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (/['"`]/.test(character)) quote = character;
    else if (character === "\\" && /\s/.test(line[at - 1]!)) return line.slice(0, at);
  }
  return line;
}

function readCommand(line: string): { name: string; rest: string } {
  const [, name = "", rest = ""] = /^\\(!|\?|[^\s]*)\s*(.*)$/s.exec(line)!;
  return { name, rest: rest.trim() };
}

interface End {
  end: number;
  isWhole: boolean;
  command: boolean;
}

/**
 * The next semicolon that ends a statement: not one in brackets (rules hold statements) nor one inside BEGIN ATOMIC … END of
 * a function.
 */
function findEnd(text: string, from: number): End {
  let brackets = 0;
  let blocks = 0;
  const words: string[] = [];
  for (const token of scanTokens(text, from)) {
    const piece = text.slice(token.start, token.end);
    if (token.kind === "backslash") return { end: token.start, isWhole: false, command: true };
    if (piece === "(") brackets += 1;
    else if (piece === ")") brackets = Math.max(0, brackets - 1);
    else if (piece === ";" && brackets === 0 && blocks === 0)
      return { end: token.end, isWhole: true, command: false };
    else if (token.kind === "word") {
      const upper = piece.toUpperCase();
      if (words.length < 4) words.push(upper);
      if (isRoutine(words)) blocks = countBlocks(blocks, upper);
    }
  }
  return { end: text.length, isWhole: false, command: false };
}

const isRoutine = (words: readonly string[]): boolean =>
  /^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)/.test(words.join(" "));

function countBlocks(blocks: number, word: string): number {
  if (word === "BEGIN" || (word === "CASE" && blocks > 0)) return blocks + 1;
  return word === "END" ? Math.max(0, blocks - 1) : blocks;
}
