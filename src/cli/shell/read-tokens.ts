/** In charge of reading SQL as tokens: the one lexer of highlighting, completion and the end of a statement. */

export type TokenKind =
  | "space"
  | "comment"
  | "word"
  /** A name in double quotes. */
  | "name"
  | "string"
  | "number"
  | "parameter"
  | "operator"
  | "punctuation"
  /** A backslash: here a command of the shell begins. */
  | "backslash";

export interface Token {
  kind: TokenKind;
  start: number;
  end: number;
  /** A string, name or comment that the text ends before it is closed. */
  isOpen: boolean;
}

const space = /\s+/y;
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const number =
  /0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const parameter = /\$\d+/y;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const quoteStart = /(?:[uU]&)?"|(?:[eEbBxXnN]|[uU]&)?'/y;
const operator = /::|:=|[+*/<>=~!@#%^&|`?:-]/y;

export const readTokens = (text: string): Token[] => [...scanTokens(text)];

/** One token after the other, so that who looks for the end of a statement does not read what comes behind it. */
export function* scanTokens(text: string, from = 0): Generator<Token> {
  for (let at = from; at < text.length; ) {
    const token = readToken(text, at);
    yield token;
    at = token.end;
  }
}

function readToken(text: string, start: number): Token {
  const plain = (kind: TokenKind, end: number): Token => ({ kind, start, end, isOpen: false });
  const closed = (kind: TokenKind, end: number | undefined): Token => ({
    kind,
    start,
    end: end ?? text.length,
    isOpen: end === undefined,
  });
  const match = (pattern: RegExp): number | undefined => {
    pattern.lastIndex = start;
    return pattern.test(text) ? pattern.lastIndex : undefined;
  };
  const spaceEnd = match(space);
  if (spaceEnd !== undefined) return plain("space", spaceEnd);
  if (text.startsWith("--", start)) return plain("comment", indexOr(text, "\n", start, text.length));
  if (text.startsWith("/*", start)) return closed("comment", findCommentEnd(text, start));
  const quoteEnd = match(quoteStart);
  if (quoteEnd !== undefined) {
    const quote = text[quoteEnd - 1]!;
    const escapes = /e/i.test(text[start]!) && quote === "'";
    return closed(quote === "'" ? "string" : "name", findQuoteEnd(text, quoteEnd, quote, escapes));
  }
  const tagEnd = match(dollarTag);
  if (tagEnd !== undefined) {
    const tag = text.slice(start, tagEnd);
    const at = text.indexOf(tag, tagEnd);
    return closed("string", at === -1 ? undefined : at + tag.length);
  }
  for (const [kind, pattern] of patterns) {
    const end = match(pattern);
    if (end !== undefined) return plain(kind, end);
  }
  return plain(text[start] === "\\" ? "backslash" : "punctuation", start + 1);
}

const patterns: readonly (readonly [TokenKind, RegExp])[] = [
  ["parameter", parameter],
  ["number", number],
  ["word", word],
  ["operator", operator],
];

function indexOr(text: string, wanted: string, from: number, otherwise: number): number {
  const at = text.indexOf(wanted, from);
  return at === -1 ? otherwise : at;
}

/** Comments nest. */
function findCommentEnd(text: string, start: number): number | undefined {
  const edges = /\/\*|\*\//g;
  edges.lastIndex = start;
  for (let depth = 0, edge = edges.exec(text); edge; edge = edges.exec(text)) {
    depth += edge[0] === "/*" ? 1 : -1;
    if (depth === 0) return edges.lastIndex;
  }
  return undefined;
}

/** A doubled quote stands for itself. */
function findQuoteEnd(text: string, from: number, quote: string, escapes: boolean): number | undefined {
  for (let at = from; at < text.length; at += 1) {
    if (escapes && text[at] === "\\") at += 1;
    else if (text[at] === quote) {
      if (text[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return undefined;
}
