/** In charge of drawing rows over those drawn before, wherever on the terminal they are. */
import { stripVTControlCharacters } from "node:util";
import { displayWidth } from "../table.ts";
import type { Place } from "./lay-out.ts";

export interface ScreenSize {
  columns: number;
  rows: number;
}

export class InputScreen {
  readonly #write: (text: string) => void;
  readonly #size: () => ScreenSize;
  /** What stands there now. */
  #rows: string[] = [];
  #cursor: Place = { row: 0, column: 0 };

  constructor(write: (text: string) => void, size: () => ScreenSize) {
    this.#write = write;
    this.#size = size;
  }

  draw(rows: readonly string[], cursor: Place): void {
    const height = Math.max(1, this.#size().rows);
    // Of more rows than the screen has, those around the cursor.
    const first = Math.max(0, Math.min(cursor.row - height + 1 + 1, rows.length - height));
    const shown = rows.slice(first, first + height);
    const place = { row: cursor.row - first, column: cursor.column };
    const below = shown.length - 1 - place.row;
    this.#write(
      `\u001b[?25l${this.#toTop()}\u001b[J${shown.join("\r\n")}\r${below > 0 ? `\u001b[${below}A` : ""}${
        place.column > 0 ? `\u001b[${place.column}C` : ""
      }\u001b[?25h`,
    );
    this.#rows = shown;
    this.#cursor = place;
  }

  /** Leaves what is drawn where it is; what comes next begins below. */
  finish(): void {
    const below = this.#rows.length - 1 - this.#cursor.row;
    this.#write(`${below > 0 ? `\u001b[${below}B` : ""}\r\n`);
    this.forget();
  }

  /** Takes away what is drawn. */
  clear(): void {
    this.#write(`${this.#toTop()}\u001b[J`);
    this.forget();
  }

  /** Something else has moved the cursor to the start of a fresh line. */
  forget(): void {
    this.#rows = [];
    this.#cursor = { row: 0, column: 0 };
  }

  /** A narrower terminal has wrapped what was drawn: rows have become several. */
  #toTop(): string {
    const { columns } = this.#size();
    let up = 0;
    for (const row of this.#rows.slice(0, this.#cursor.row))
      up += breaksBefore(row, Number.POSITIVE_INFINITY, columns) + 1;
    up += breaksBefore(this.#rows[this.#cursor.row] ?? "", this.#cursor.column, columns);
    return `\r${up > 0 ? `\u001b[${up}A` : ""}`;
  }
}

/** How often the terminal breaks a row before what stands at this column; a wide character is not cut in two. */
function breaksBefore(row: string, column: number, columns: number): number {
  if (displayWidth(row) <= columns && column < columns) return 0;
  let breaks = 0;
  let written = 0;
  let used = 0;
  for (const character of stripVTControlCharacters(row)) {
    const width = displayWidth(character);
    if (used + width > columns) {
      breaks += 1;
      used = 0;
    }
    if (written >= column && width > 0) break;
    written += width;
    used += width;
  }
  return breaks;
}
