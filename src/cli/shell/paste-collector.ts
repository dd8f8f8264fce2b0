/** In charge of pasted blocks: they come between two marks and are inserted as a whole, never run halfway. */
import type { Key } from "./terminal.ts";

export class PasteCollector {
  #text: string | undefined;

  /** The paste at its end; "none" for a key outside of one. */
  take(key: Key): "none" | "collecting" | { text: string } {
    if (key.name === "paste-start") {
      this.#text = "";
      return "collecting";
    }
    if (this.#text === undefined) return "none";
    if (key.name !== "paste-end") {
      this.#text += key.sequence;
      return "collecting";
    }
    const text = cleaned(this.#text);
    this.#text = undefined;
    return { text };
  }
}

/** Terminals send the ends of lines as carriage returns. Other control characters are nobody's wish. */
const cleaned = (text: string): string =>
  text.replace(/\r\n?/g, "\n").replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");
