/** In charge of the part of a long text that can be on the screen: as many lines around the cursor as there are rows. */

export interface TextWindow {
  from: number;
  to: number;
}

export function windowAround(text: string, cursor: number, lines: number): TextWindow {
  let from = lineStart(text, cursor);
  let to = lineEnd(text, cursor);
  for (let line = 0; line < lines; line += 1) {
    if (from > 0) from = lineStart(text, from - 1);
    if (to < text.length) to = lineEnd(text, to + 1);
  }
  return { from, to };
}

const lineStart = (text: string, at: number): number => (at === 0 ? 0 : text.lastIndexOf("\n", at - 1) + 1);

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}
