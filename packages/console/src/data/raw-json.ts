/** In charge of taking JSON apart without reading its values: numbers and documents stay as Postgres wrote them. Pure. */
import type { Cell } from "./copy-rows.ts";

/** Members of an object, or elements of a list, each as it is written. */
export function membersOf(json: string): Map<string, string> {
  return new Map(partsOf(json).map(({ key, text }) => [key!, text]));
}

export const elementsOf = (json: string): string[] => partsOf(json).map(({ text }) => text);

/** A value as a cell shows it: a text without its quotes, everything else as it is written. */
export function cellOf(json: string): Cell {
  if (json === "null") return null;
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

/** Rows as lists of values. */
export const cellsOf = (row: string): Cell[] => elementsOf(row).map(cellOf);

interface Part {
  key: string | undefined;
  text: string;
}

const isSpace = (json: string, at: number): boolean => json.charCodeAt(at) <= 32;

function partsOf(json: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  const skipSpace = () => {
    while (at < json.length && isSpace(json, at)) at += 1;
  };
  skipSpace();
  const isObject = json[at] === "{";
  if (!isObject && json[at] !== "[") throw new SyntaxError("This is neither an object nor a list.");
  at += 1;
  for (skipSpace(); at < json.length && json[at] !== "}" && json[at] !== "]"; skipSpace()) {
    let key: string | undefined;
    if (isObject) {
      const end = endOfText(json, at);
      key = JSON.parse(json.slice(at, end)) as string;
      at = json.indexOf(":", end) + 1;
      skipSpace();
    }
    const end = endOfValue(json, at);
    parts.push({ key, text: json.slice(at, end) });
    at = end;
    skipSpace();
    if (json[at] === ",") at += 1;
  }
  return parts;
}

function endOfValue(json: string, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; at += 1) {
    const letter = json[at]!;
    if (letter === '"') {
      at = endOfText(json, at) - 1;
      if (depth === 0) return at + 1;
    } else if (letter === "{" || letter === "[") depth += 1;
    else if (letter === "}" || letter === "]") {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (letter === "," || isSpace(json, at))) return at;
  }
  return json.length;
}

/** Behind the quote that ends it. Texts may be megabytes long. */
function endOfText(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (json[at - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return at + 1;
  }
  return json.length;
}

/** Texts are passed by hand: a regular expression's stack does not do for one of megabytes. */
export function tokensOf(json: string): string[] {
  const tokens: string[] = [];
  const next = /"|[{}[\],:]|[^\s{}[\],:"]+/g;
  for (let found = next.exec(json); found; found = next.exec(json)) {
    if (found[0] === '"') next.lastIndex = endOfText(json, found.index);
    tokens.push(json.slice(found.index, next.lastIndex));
  }
  return tokens;
}
