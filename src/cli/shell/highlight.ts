/** In charge of the colours of SQL, and of nothing that takes a column. */
import type { Paint } from "../output.ts";
import { keywords } from "./keywords.ts";
import { readTokens, type Token } from "./read-tokens.ts";

export interface Styled {
  text: string;
  style: (text: string) => string;
}

const plain = (text: string) => text;

export function highlight(sql: string, paint: Paint): Styled[] {
  const command = /^\s*\\\S*/.exec(sql)?.[0] ?? "";
  const head: Styled[] = command === "" ? [] : [{ text: command, style: paint.magenta }];
  const rest = sql.slice(command.length);
  return [...head, ...readTokens(rest).map((token) => styleOf(token, rest, paint))];
}

function styleOf({ kind, start, end }: Token, sql: string, paint: Paint): Styled {
  const text = sql.slice(start, end);
  switch (kind) {
    case "comment":
      return { text, style: paint.dim };
    case "string":
      return { text, style: paint.green };
    case "number":
      return { text, style: paint.cyan };
    case "parameter":
      return { text, style: paint.yellow };
    case "backslash":
      return { text, style: paint.magenta };
    case "word":
      return { text, style: keywords.has(text.toUpperCase()) ? paint.blue : plain };
    default:
      return { text, style: plain };
  }
}
