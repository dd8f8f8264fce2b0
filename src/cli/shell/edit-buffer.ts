/** In charge of the text under the cursor and what keys do to it: moving, killing, yanking, undoing. Knows no terminal. */

interface Snapshot {
  text: string;
  cursor: number;
}

const mostUndos = 200;
const segmenter = new Intl.Segmenter();

export class EditBuffer {
  text = "";
  cursor = 0;
  #undos: Snapshot[] = [];
  #killed: string[] = [];
  #lastAction = "";
  /** Column that up and down keep to. */
  #wishedColumn: number | undefined;

  /** All new: undoing does not reach behind it. */
  reset(text = ""): void {
    this.text = text;
    this.cursor = text.length;
    this.#undos = [];
    this.#lastAction = "";
    this.#wishedColumn = undefined;
  }

  /** Another text that can be undone: from history or completion. */
  replaceAll(text: string, cursor = text.length): void {
    this.#remember("replace");
    this.text = text;
    this.cursor = cursor;
  }

  insert(text: string): void {
    // Typing is undone by the word, everything else by the piece.
    const isTyping = text.length === 1 && !/\s/.test(text);
    this.#remember(isTyping ? "type" : "insert");
    this.#splice(this.cursor, this.cursor, text);
  }

  replaceRange(start: number, end: number, text: string): void {
    this.#remember("complete");
    this.#splice(start, end, text);
  }

  left(): void {
    this.#move(this.#before());
  }

  right(): void {
    this.#move(this.#after());
  }

  wordLeft(): void {
    this.#move(this.#wordStart());
  }

  wordRight(): void {
    this.#move(this.#wordEnd());
  }

  lineStart(): void {
    this.#move(this.#startOfLine());
  }

  lineEnd(): void {
    this.#move(this.#endOfLine());
  }

  start(): void {
    this.#move(0);
  }

  end(): void {
    this.#move(this.text.length);
  }

  /** False where there is no line above. */
  up(): boolean {
    const start = this.#startOfLine();
    if (start === 0) return false;
    this.#toColumn(this.#startOfLine(start - 1), start - 1, this.cursor - start);
    return true;
  }

  /** False where there is no line below. */
  down(): boolean {
    const end = this.#endOfLine();
    if (end === this.text.length) return false;
    this.#toColumn(end + 1, this.#endOfLine(end + 1), this.cursor - this.#startOfLine());
    return true;
  }

  deleteBack(): void {
    this.#cut(this.#before(), this.cursor, "delete");
  }

  deleteForward(): void {
    this.#cut(this.cursor, this.#after(), "delete");
  }

  killToLineEnd(): void {
    const end = this.#endOfLine();
    this.#kill(this.cursor, end === this.cursor ? Math.min(end + 1, this.text.length) : end);
  }

  killToLineStart(): void {
    const start = this.#startOfLine();
    this.#kill(start === this.cursor ? Math.max(0, start - 1) : start, this.cursor);
  }

  killWordBack(): void {
    this.#kill(this.#wordStart(), this.cursor);
  }

  killWordForward(): void {
    this.#kill(this.cursor, this.#wordEnd());
  }

  yank(): void {
    const killed = this.#killed.at(-1);
    if (killed !== undefined) this.insert(killed);
  }

  /** The two characters around the cursor change places. */
  transpose(): void {
    if (this.cursor === 0 || this.text.length < 2) return;
    const at = Math.min(this.cursor, this.text.length - 1);
    const swapped = this.text[at]! + this.text[at - 1]!;
    this.#remember("transpose");
    this.#splice(at - 1, at + 1, swapped);
  }

  undo(): void {
    const last = this.#undos.pop();
    if (!last) return;
    this.text = last.text;
    this.cursor = last.cursor;
    this.#lastAction = "undo";
  }

  #move(to: number): void {
    this.cursor = to;
    this.#wishedColumn = undefined;
    this.#lastAction = "move";
  }

  #toColumn(start: number, end: number, column: number): void {
    const wished = this.#wishedColumn ?? column;
    this.cursor = Math.min(start + wished, end);
    this.#wishedColumn = wished;
    this.#lastAction = "move";
  }

  #kill(start: number, end: number): void {
    if (start === end) return;
    this.#killed.push(this.text.slice(start, end));
    this.#cut(start, end, "kill");
  }

  #cut(start: number, end: number, action: string): void {
    if (start === end) return;
    this.#remember(action);
    this.#splice(start, end, "");
  }

  #splice(start: number, end: number, text: string): void {
    this.text = this.text.slice(0, start) + text + this.text.slice(end);
    this.cursor = start + text.length;
    this.#wishedColumn = undefined;
  }

  #remember(action: string): void {
    const goesOn = action === this.#lastAction && (action === "type" || action === "delete");
    if (!goesOn) this.#undos.push({ text: this.text, cursor: this.cursor });
    if (this.#undos.length > mostUndos) this.#undos.shift();
    this.#lastAction = action;
  }

  /** By whole characters, as people see them. */
  #before(): number {
    const line = this.text.slice(this.#startOfLine(), this.cursor);
    if (line === "") return Math.max(0, this.cursor - 1);
    return this.cursor - [...segmenter.segment(line)].at(-1)!.segment.length;
  }

  #after(): number {
    const [next] = segmenter.segment(this.text.slice(this.cursor, this.cursor + 64));
    return this.cursor + (next?.segment.length ?? 0);
  }

  #wordStart(): number {
    const before = this.text.slice(0, this.cursor);
    return before.length - /[\p{L}\p{N}_]*[^\p{L}\p{N}_]*$/u.exec(before)![0].length;
  }

  #wordEnd(): number {
    return this.cursor + /^[^\p{L}\p{N}_]*[\p{L}\p{N}_]*/u.exec(this.text.slice(this.cursor))![0].length;
  }

  #startOfLine(at = this.cursor): number {
    return at === 0 ? 0 : this.text.lastIndexOf("\n", at - 1) + 1;
  }

  #endOfLine(at = this.cursor): number {
    const end = this.text.indexOf("\n", at);
    return end === -1 ? this.text.length : end;
  }
}
