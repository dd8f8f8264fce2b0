/** In charge of one input after the other: keys in, a text to run out. What a key does is said here, once. */
import type { Paint } from "../output.ts";
import { displayWidth } from "../table.ts";
import type { Completion } from "./candidates.ts";
import { CompletionMenu } from "./completion-menu.ts";
import { InputScreen } from "./draw-screen.ts";
import { EditBuffer } from "./edit-buffer.ts";
import { editingKeys, keyName } from "./editing-keys.ts";
import { Highlighter } from "./highlight.ts";
import type { History } from "./history.ts";
import { type Layout, layOut } from "./lay-out.ts";
import { PasteCollector } from "./paste-collector.ts";
import { HistorySearch } from "./search-history.ts";
import { isComplete } from "./split-input.ts";
import type { Key, Terminal } from "./terminal.ts";
import { windowAround } from "./text-window.ts";

export interface EditorOptions {
  terminal: Pick<Terminal, "write" | "size" | "listen" | "sleep">;
  history: History;
  paint: Paint;
  /** `›`, `*›`, `!›` and badges, with their colours. */
  prompt: () => string;
  complete: (text: string, cursor: number) => Completion | undefined;
  placeholder: string;
  /** On the right of an empty input. */
  hint?: string;
  /** Lines of data instead of SQL: Enter ends each, nothing is completed, coloured or kept, and ^C gives all of them up. */
  isData?: boolean;
}

export type EditorEnd = { kind: "input"; text: string } | { kind: "end" } | { kind: "canceled" };

export class LineEditor {
  readonly #options: EditorOptions;
  readonly #buffer = new EditBuffer();
  readonly #screen: InputScreen;
  readonly #paste = new PasteCollector();
  readonly #menu = new CompletionMenu();
  readonly #highlighter: Highlighter;
  #search: HistorySearch | undefined;
  /** Entry of the history that is shown; its length: what is being typed. */
  #shownEntry = 0;
  #draft = "";
  #finish: ((end: EditorEnd) => void) | undefined;

  constructor(options: EditorOptions) {
    this.#options = options;
    this.#highlighter = new Highlighter(options.paint);
    this.#screen = new InputScreen(options.terminal.write.bind(options.terminal), () =>
      options.terminal.size(),
    );
  }

  /** Resolves when there is something to run, or when nobody wants to go on. */
  read(initial = ""): Promise<EditorEnd> {
    this.#buffer.reset(initial);
    this.#shownEntry = this.#options.history.entries.length;
    this.#draft = "";
    return new Promise((resolve) => {
      const { terminal } = this.#options;
      const stop = terminal.listen(
        (key) => this.#press(key),
        () => this.draw(),
      );
      this.#finish = (end) => {
        this.#finish = undefined;
        stop();
        resolve(end);
      };
      this.draw();
    });
  }

  /** Nobody wants what is being typed any more. */
  stop(): void {
    if (this.#finish) this.#end("canceled");
  }

  /** Something that is not typed is written above what is. */
  interject(write: () => void): void {
    if (this.#finish) this.#screen.clear();
    write();
    this.draw();
  }

  draw(): void {
    if (!this.#finish) return;
    const { rows, cursor } = this.#search ? this.#layOutSearch(this.#search) : this.#layOutInput();
    const { columns } = this.#options.terminal.size();
    const menu = this.#menu.render(columns, this.#options.paint);
    this.#screen.draw([...rows, ...menu], cursor);
  }

  #layOutInput(): Layout {
    const { paint, prompt, placeholder, hint, terminal, isData } = this.#options;
    const { text, cursor } = this.#buffer;
    const { columns, rows } = terminal.size();
    const lead = prompt();
    const width = displayWidth(lead);
    if (text !== "") {
      const { from, to } = windowAround(text, cursor, rows);
      const continuation = `${" ".repeat(Math.max(0, width - 2))}… `;
      return layOut({
        prompt: from === 0 ? lead : continuation,
        continuation,
        pieces: isData
          ? [{ text: text.slice(from, to), style: String }]
          : this.#highlighter.highlight(text, from, to),
        cursor: cursor - from,
        width: columns,
      });
    }
    const gap = columns - width - placeholder.length - (hint?.length ?? 0) - 1;
    const shown = gap < 2 || !hint ? placeholder : `${placeholder}${" ".repeat(gap)}${hint}`;
    const fits = width + placeholder.length < columns ? shown : "";
    return { rows: [`${lead}${paint.dim(fits)}`], cursor: { row: 0, column: width } };
  }

  #layOutSearch(search: HistorySearch): Layout {
    const { paint, history, terminal } = this.#options;
    const found = search.found === undefined ? "" : history.entries[search.found]!;
    const pieces = this.#highlighter.highlight(found);
    const prompt = `${paint.dim("search")} ${search.words}${search.failed ? paint.red(" (none)") : ""} ${paint.dim("›")} `;
    return layOut({ prompt, continuation: "… ", pieces, cursor: 0, width: terminal.size().columns });
  }

  #press(key: Key): void {
    const pasted = this.#paste.take(key);
    if (pasted === "collecting") return;
    if (typeof pasted === "object") this.#insertPaste(pasted.text);
    else if (this.#search) this.#pressInSearch(this.#search, key);
    else this.#pressInInput(key);
    this.draw();
  }

  #pressInInput(key: Key): void {
    const name = keyName(key);
    if (this.#menu.isOpen && this.#pressInMenu(name)) return;
    const special = this.#specialKeys[name];
    if (special) {
      special();
      return;
    }
    const edit = editingKeys[name];
    if (edit) {
      edit(this.#buffer);
      return;
    }
    if (key.text !== undefined && !key.ctrl && !key.meta && !/[\u0000-\u001f\u007f]/.test(key.text))
      this.#insert(key.text);
  }

  /** True when the key was the menu's. */
  #pressInMenu(name: string): boolean {
    const step = { tab: 1, down: 1, right: 1, "shift-tab": -1, up: -1, left: -1 }[name];
    if (step !== undefined) this.#menu.move(this.#buffer, step);
    else if (name === "escape") this.#menu.cancel(this.#buffer);
    else {
      this.#menu.close();
      return name === "return" || name === "enter";
    }
    return true;
  }

  readonly #specialKeys: Record<string, () => void> = {
    return: () => this.#submit(),
    enter: () => this.#submit(),
    "meta-return": () => this.#insert("\n"),
    "meta-enter": () => this.#insert("\n"),
    tab: () => this.#complete(),
    up: () => this.#buffer.up() || this.#showEntry(-1),
    down: () => this.#buffer.down() || this.#showEntry(1),
    "ctrl-p": () => this.#showEntry(-1),
    "ctrl-n": () => this.#showEntry(1),
    "ctrl-r": () => {
      this.#search = new HistorySearch(this.#options.history);
    },
    "ctrl-c": () => {
      if (this.#options.isData) return this.#end("canceled");
      if (this.#buffer.text === "") return this.#end();
      this.#screen.finish();
      this.#buffer.reset();
      this.#shownEntry = this.#options.history.entries.length;
    },
    "ctrl-d": () => {
      if (this.#buffer.text === "") this.#end();
      else this.#buffer.deleteForward();
    },
    "ctrl-l": () => {
      this.#options.terminal.write("\u001b[H\u001b[2J");
      this.#screen.forget();
    },
    "ctrl-z": () => this.#options.terminal.sleep(),
  };

  #pressInSearch(search: HistorySearch, key: Key): void {
    const name = keyName(key);
    if (search.press(name, key)) return;
    this.#search = undefined;
    const found = search.found === undefined ? undefined : this.#options.history.entries[search.found];
    if (name === "ctrl-g" || name === "escape" || name === "ctrl-c") return;
    if (found === undefined) return;
    this.#buffer.replaceAll(found);
    // Enter runs what was found, every other key goes on with it.
    if (name !== "tab") this.#pressInInput(key);
  }

  #submit(): void {
    const { text } = this.#buffer;
    if (this.#options.isData) {
      this.#hand(text);
      return;
    }
    if (text.trim() === "") {
      this.#screen.finish();
      this.#buffer.reset();
      return;
    }
    if (!isComplete(text)) {
      this.#insert("\n");
      return;
    }
    this.#options.history.add(text);
    this.#hand(text);
  }

  #hand(text: string): void {
    this.#buffer.end();
    this.#leave();
    this.#finish?.({ kind: "input", text });
  }

  #end(kind: "end" | "canceled" = "end"): void {
    this.#leave();
    this.#finish?.({ kind });
  }

  /** What was typed stays on the screen, without what was only offered. */
  #leave(): void {
    this.#menu.close();
    if (this.#buffer.text === "") this.#screen.clear();
    else {
      this.draw();
      this.#screen.finish();
    }
  }

  #insertPaste(text: string): void {
    // Whole lines of data need no Enter, which would add an empty one.
    const isWhole = this.#options.isData && text.endsWith("\n");
    this.#insert(isWhole ? text.slice(0, -1) : text);
    if (isWhole) this.#hand(this.#buffer.text);
  }

  #insert(text: string): void {
    this.#menu.close();
    this.#buffer.insert(text);
  }

  #complete(): void {
    const { text, cursor } = this.#buffer;
    const lineStart = text.lastIndexOf("\n", cursor - 1) + 1;
    const completion = this.#options.complete(text, cursor);
    // At the start of a line there is nothing to go by but indentation.
    if (this.#options.isData) this.#insert("\t");
    else if (completion && completion.candidates.length > 0) this.#menu.open(this.#buffer, completion);
    else if (text.slice(lineStart, cursor).trim() === "") this.#insert("  ");
  }

  #showEntry(step: number): void {
    const { entries } = this.#options.history;
    const next = this.#shownEntry + step;
    if (next < 0 || next > entries.length) return;
    if (this.#shownEntry === entries.length) this.#draft = this.#buffer.text;
    this.#shownEntry = next;
    this.#buffer.replaceAll(next === entries.length ? this.#draft : entries[next]!);
  }
}
