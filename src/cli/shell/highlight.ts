/** In charge of the colours of SQL, and of nothing that takes a column. */
import type { Paint } from "../output.ts";
import { keywords } from "./keywords.ts";
import { scanTokens, type Token } from "./read-tokens.ts";

export interface Styled {
  text: string;
  style: (text: string) => string;
}

const plain = (text: string) => text;

export class Highlighter {
  readonly #paint: Paint;
  /** A token begins at `at` in every text that begins like this: what comes before need not be read with each key. */
  #known = { prefix: "", at: 0 };

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  /** From one place in the text to another. */
  highlight(text: string, from = 0, to = text.length): Styled[] {
    const command = /^\s*\\\S*/.exec(text)?.[0] ?? "";
    const pieces: Styled[] = [];
    if (from < command.length) pieces.push({ text: command.slice(from, to), style: this.#paint.magenta });
    const { prefix, at } = this.#known;
    let known = at <= from && at > command.length && text.startsWith(prefix) ? at : command.length;
    for (const token of scanTokens(text, known)) {
      if (token.start >= to) break;
      if (token.end <= from) known = token.start;
      else {
        const style = this.#styleOf(token.kind, text.slice(token.start, token.end));
        pieces.push({ text: text.slice(Math.max(from, token.start), Math.min(to, token.end)), style });
      }
    }
    if (from > 0) this.#known = { prefix: text.slice(0, from), at: known };
    return pieces;
  }

  #styleOf(kind: Token["kind"], text: string): Styled["style"] {
    const paint = this.#paint;
    const byKind = {
      comment: paint.dim,
      string: paint.green,
      number: paint.cyan,
      parameter: paint.yellow,
      backslash: paint.magenta,
      word: keywords.has(text.toUpperCase()) ? paint.blue : plain,
    };
    return byKind[kind as keyof typeof byKind] ?? plain;
  }
}
