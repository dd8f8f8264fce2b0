/** In charge of the candidates below the input: what they have in common at once, then one after the other. */
import type { Paint } from "../output.ts";
import { displayWidth, printable } from "../table.ts";
import type { Candidate, Completion } from "./candidates.ts";
import type { EditBuffer } from "./edit-buffer.ts";

const mostRows = 8;

export class CompletionMenu {
  #candidates: readonly Candidate[] = [];
  #chosen = -1;
  #start = 0;
  /** What was typed, which Escape brings back. */
  #typed = "";

  get isOpen(): boolean {
    return this.#candidates.length > 0;
  }

  open(buffer: EditBuffer, { start, candidates }: Completion): void {
    const typed = buffer.text.slice(start, buffer.cursor);
    const [only] = candidates;
    if (candidates.length === 1) {
      const { text, what } = only!;
      // Behind a word that stands for itself comes the next one.
      const space = /keyword|table|view/.test(what) && buffer.cursor === buffer.text.length ? " " : "";
      buffer.replaceRange(start, buffer.cursor, /[.(]$/.test(text) ? text : text + space);
      return;
    }
    const common = commonStart(candidates.map(({ text }) => text));
    if (common.length > typed.length) buffer.replaceRange(start, buffer.cursor, common);
    this.#candidates = candidates;
    this.#chosen = -1;
    this.#start = start;
    this.#typed = buffer.text.slice(start, buffer.cursor);
  }

  move(buffer: EditBuffer, step: number): void {
    const count = this.#candidates.length;
    this.#chosen = (this.#chosen === -1 && step < 0 ? count - 1 : this.#chosen + step + count) % count;
    buffer.replaceRange(this.#start, buffer.cursor, this.#candidates[this.#chosen]!.text);
  }

  cancel(buffer: EditBuffer): void {
    if (this.#chosen !== -1) buffer.replaceRange(this.#start, buffer.cursor, this.#typed);
    this.close();
  }

  close(): void {
    this.#candidates = [];
  }

  render(columns: number, paint: Paint): string[] {
    if (!this.isOpen) return [];
    const first = Math.max(0, Math.min(this.#chosen - mostRows + 1, this.#candidates.length - mostRows));
    const shown = this.#candidates.slice(first, first + mostRows);
    const width = Math.max(...shown.map(({ text }) => displayWidth(printable(text))));
    const rows = shown.map(({ text: name, what }, at) => {
      const text = printable(name);
      const row = cut(`  ${text}${" ".repeat(width - displayWidth(text))}  ${what}`, columns - 1);
      return first + at === this.#chosen ? paint.inverse(row) : paint.dim(row);
    });
    const left = this.#candidates.length - first - shown.length;
    return left > 0 ? [...rows, paint.dim(`  … ${left} more`)] : rows;
  }
}

function cut(text: string, width: number): string {
  let used = 0;
  let kept = "";
  for (const character of text) {
    used += displayWidth(character);
    if (used > width) break;
    kept += character;
  }
  return kept;
}

function commonStart(texts: readonly string[]): string {
  let [common = ""] = texts;
  for (const text of texts) while (!text.startsWith(common)) common = common.slice(0, -1);
  return common;
}
