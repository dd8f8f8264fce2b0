/** In charge of a screen in memory that understands what the shell's editor writes, and nothing more. */
import { displayWidth } from "../../src/cli/table.ts";

export class VirtualScreen {
  columns: number;
  rows: number;
  #lines: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): void {
    // biome-ignore lint/complexity/useRegexLiterals: the escape character is easier to read so.
    const pieces = text.matchAll(new RegExp("\u001b\\[(\\??[\\d;]*)([A-Za-z])|\r|\n|[^\u001b\r\n]", "gu"));
    for (const [piece, count = "", command] of pieces) {
      if (command) this.#control(command, count === "" ? 1 : Number(count));
      else if (piece === "\r") this.#column = 0;
      else if (piece === "\n") this.#newLine();
      else this.#put(piece);
    }
  }

  /** Lines without blanks at their ends; those below the last text are left out. */
  text(): string {
    return this.#lines
      .map((line) => line.join("").trimEnd())
      .join("\n")
      .trimEnd();
  }

  cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
  }

  #control(command: string, count: number): void {
    if (command === "A") this.#row = Math.max(0, this.#row - count);
    else if (command === "B") this.#row = Math.min(this.rows - 1, this.#row + count);
    else if (command === "C") this.#column = Math.min(this.columns - 1, this.#column + count);
    else if (command === "J") {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row]!.length = Math.min(this.#lines[this.#row]!.length, this.#column);
    } else if (!"hlmH".includes(command))
      throw new Error(`The editor wrote ${command}, which is not known here.`);
  }

  #newLine(): void {
    this.#row += 1;
    if (this.#row === this.rows) {
      this.#lines.shift();
      this.#row -= 1;
    }
    while (this.#lines.length <= this.#row) this.#lines.push([]);
  }

  #put(character: string): void {
    const width = displayWidth(character);
    // The editor breaks its rows itself: a terminal that had to would show another picture.
    if (this.#column + width > this.columns) throw new Error(`"${character}" is behind the end of the row.`);
    const line = this.#lines[this.#row]!;
    while (line.length < this.#column) line.push(" ");
    line.splice(this.#column, width, character, ...Array.from({ length: width - 1 }, () => ""));
    this.#column += width;
  }
}
