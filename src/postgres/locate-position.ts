/** In charge of where in a text a position is: the line and column that people look for. */

export interface TextLocation {
  /** 1-based. */
  line: number;
  /** 1-based, counted in characters (code points), as Postgres counts. */
  column: number;
  /** The whole line, without its end. */
  lineText: string;
}

/** Where the UTF-16 offset `offset` of `text` is; an offset beyond the end is the end. */
export function locateOffset(text: string, offset: number): TextLocation {
  const end = Math.min(Math.max(offset, 0), text.length);
  const lineStart = text.slice(0, end).lastIndexOf("\n") + 1;
  const lineEnd = text.indexOf("\n", lineStart);
  return {
    line: countNewlines(text, lineStart) + 1,
    column: positionOfOffset(text, end, lineStart),
    lineText: text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd).replace(/\r$/, ""),
  };
}

/** UTF-16 offset of the character number `position` (1-based, code points) counted from `start`. */
export function offsetOfPosition(text: string, position: number, start = 0): number {
  let offset = start;
  for (let left = position - 1; left > 0 && offset < text.length; left -= 1) {
    offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  }
  return offset;
}

/** The inverse: number of the character (1-based, code points) at `offset`, counted from `start`. */
export function positionOfOffset(text: string, offset: number, start = 0): number {
  return Array.from(text.slice(start, offset)).length + 1;
}

function countNewlines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
