/** In charge of where typed text stands on a screen of a certain width: rows, and the place of the cursor. Pure. */
import { displayWidth, printable } from "../table.ts";
import type { Styled } from "./highlight.ts";

export interface Place {
  row: number;
  column: number;
}

export interface Layout {
  /** With their colours. */
  rows: string[];
  cursor: Place;
}

export interface LayoutInput {
  prompt: string;
  /** Before every line but the first. */
  continuation: string;
  pieces: readonly Styled[];
  /** In the text of all pieces. */
  cursor: number;
  width: number;
}

const segmenter = new Intl.Segmenter();
const tabWidth = 4;

export function layOut({ prompt, continuation, pieces, cursor, width }: LayoutInput): Layout {
  const rows = [prompt];
  let column = displayWidth(prompt);
  let at = 0;
  let place: Place | undefined;
  const startRow = (lead: string) => {
    rows.push(lead);
    column = displayWidth(lead);
  };
  for (const { text, style } of pieces) {
    for (const segment of charactersOf(text)) {
      const shown = shownAs(segment, column);
      const room = displayWidth(shown);
      if (segment !== "\n" && column + room > width) startRow("");
      if (at === cursor) place = { row: rows.length - 1, column };
      at += segment.length;
      if (segment === "\n" || segment === "\r\n") startRow(continuation);
      else {
        rows[rows.length - 1] += style(shown);
        column += room;
      }
      // A cursor inside of what people see as one character stands before it.
      if (at > cursor && !place) place = { row: rows.length - 1, column };
    }
  }
  if (!place) {
    // Behind a full row the cursor has no room.
    if (column >= width) startRow("");
    place = { row: rows.length - 1, column };
  }
  return { rows, cursor: place };
}

/** As people see them; finding out takes long, and ASCII has nothing to find out. */
function* charactersOf(text: string): Generator<string> {
  if (/^[\n -~]*$/.test(text)) yield* text;
  else for (const { segment } of segmenter.segment(text)) yield segment;
}

function shownAs(segment: string, column: number): string {
  if (segment === "\t") return " ".repeat(tabWidth - (column % tabWidth));
  return printable(segment);
}
