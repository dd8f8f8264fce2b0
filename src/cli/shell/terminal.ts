/** In charge of the terminal: raw while somebody types, and as it was found however the shell ends. */
import { emitKeypressEvents } from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";
import type { ScreenSize } from "./draw-screen.ts";

export interface Key {
  /** What was typed, where it is text. */
  text: string | undefined;
  /** Of emitKeypressEvents: `return`, `up`, `a`, `paste-start`. */
  name: string;
  sequence: string;
  ctrl: boolean;
  meta: boolean;
  shift: boolean;
}

interface NodeKey {
  name?: string;
  sequence: string;
  ctrl: boolean;
  meta: boolean;
  shift: boolean;
}

const enter = "\u001b[?2004h";
const mostKeysAhead = 100_000;
const noKey = { ctrl: false, meta: false, shift: false };
const leave = "\u001b[?2004l\u001b[?25h\u001b[0m";

export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  #keys: Key[] = [];
  #onKey: ((key: Key) => void) | undefined;
  #onInterrupt: (() => void) | undefined;
  #sleeps = false;
  #onResize: (() => void) | undefined;
  #isRaw = false;
  #onClose: () => void = () => {};

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input;
    this.#output = output;
    emitKeypressEvents(input);
  }

  /** `onClose`: the terminal has gone. */
  open(onClose: () => void): void {
    this.#onClose = onClose;
    this.#input.on("keypress", this.#take);
    this.#input.on("end", this.#close).on("error", this.#close);
    this.#output.on("error", this.#close);
    this.#output.on("resize", this.#resized);
    process.on("exit", this.#restore).on("SIGHUP", this.#close).on("SIGTERM", this.#close);
    process.on("SIGCONT", this.#awake).on("SIGINT", this.#interrupted);
    this.#raw();
  }

  close(): void {
    this.#restore();
    this.#input.off("keypress", this.#take).off("end", this.#close).off("error", this.#close);
    this.#output.off("error", this.#close).off("resize", this.#resized);
    process.off("exit", this.#restore).off("SIGHUP", this.#close).off("SIGTERM", this.#close);
    process.off("SIGCONT", this.#awake).off("SIGINT", this.#interrupted);
    this.#input.pause();
  }

  /** Who gets the keys; those typed while nobody did come first. */
  listen(onKey: (key: Key) => void, onResize?: () => void): () => void {
    const before = this.#onKey;
    const resizedBefore = this.#onResize;
    this.#onKey = onKey;
    this.#onResize = onResize;
    queueMicrotask(this.#pump);
    return () => {
      this.#onKey = before;
      this.#onResize = resizedBefore;
    };
  }

  /** What ^C does while nobody gets the keys. Returns how to end that. */
  onInterrupt(interrupt: () => void): () => void {
    this.#onInterrupt = interrupt;
    return () => {
      this.#onInterrupt = undefined;
    };
  }

  /** Lets another program have the terminal while `work` goes on. */
  async lend<Result>(work: () => Promise<Result>): Promise<Result> {
    const wasRaw = this.#isRaw;
    this.#restore();
    this.#input.pause();
    // ^C is then the other program's affair.
    const ignore = () => {};
    process.on("SIGINT", ignore);
    try {
      return await work();
    } finally {
      process.off("SIGINT", ignore);
      if (wasRaw) this.#raw();
    }
  }

  write(text: string): void {
    this.#output.write(text);
  }

  size(): ScreenSize {
    return { columns: this.#output.columns || 80, rows: this.#output.rows || 24 };
  }

  /** ^Z. */
  sleep(): void {
    this.#restore();
    this.#sleeps = true;
    process.kill(process.pid, "SIGTSTP");
  }

  #raw(): void {
    this.#input.setRawMode(true);
    this.#input.resume();
    this.#output.write(enter);
    this.#isRaw = true;
  }

  readonly #restore = (): void => {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    try {
      this.#output.write(leave);
      this.#input.setRawMode(false);
    } catch {
      // A terminal that has gone needs no restoring.
    }
  };

  readonly #awake = (): void => {
    if (!this.#sleeps) return;
    this.#sleeps = false;
    this.#raw();
    this.#onResize?.();
  };

  readonly #close = (): void => this.#onClose();

  readonly #resized = (): void => this.#onResize?.();

  readonly #take = (text: string | undefined, key: NodeKey): void => {
    const typed: Key = {
      text,
      name: key.name ?? "",
      sequence: key.sequence ?? text ?? "",
      ctrl: key.ctrl,
      meta: key.meta,
      shift: key.shift,
    };
    if (!this.#onKey && typed.ctrl && typed.name === "c") {
      this.#keys = [];
      this.#onInterrupt?.();
    } else if (this.#keys.length < mostKeysAhead) this.#keys.push(typed);
    this.#pump();
  };

  readonly #pump = (): void => {
    while (this.#onKey && this.#keys.length > 0) this.#onKey(this.#keys.shift()!);
  };

  /** The signal instead of the key: sent by another program. */
  readonly #interrupted = (): void => {
    if (this.#isRaw) this.#take(undefined, { ...noKey, ctrl: true, name: "c", sequence: "\u0003" });
  };
}
