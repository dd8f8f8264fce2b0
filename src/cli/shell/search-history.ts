/** In charge of ^R: the latest entry that holds the words typed, then the one before it. */
import type { History } from "./history.ts";
import type { Key } from "./terminal.ts";

export class HistorySearch {
  readonly #history: History;
  words = "";
  /** Index of the entry. */
  found: number | undefined;
  failed = false;

  constructor(history: History) {
    this.#history = history;
  }

  /** False when the key ends the search. */
  press(name: string, key: Key): boolean {
    if (name === "ctrl-r") this.#find(this.found ?? this.#history.entries.length);
    else if (name === "backspace" || name === "ctrl-h") this.#change(this.words.slice(0, -1));
    else if (key.text !== undefined && !key.ctrl && !key.meta && /^[^\u0000-\u001f\u007f]+$/.test(key.text))
      this.#change(this.words + key.text);
    else return false;
    return true;
  }

  #change(words: string): void {
    this.words = words;
    this.found = undefined;
    this.failed = false;
    if (words !== "") this.#find(this.#history.entries.length);
  }

  #find(before: number): void {
    const at = this.#history.search(this.words, before);
    this.failed = at === undefined;
    if (at !== undefined) this.found = at;
  }
}
