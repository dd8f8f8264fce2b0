/** In charge of talking to the first program of a guest: an order a line, and a word for each; see guest-init. */
import { EventEmitter } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { messageOf, posternError } from "../../base/error.ts";

/** What the guest says of itself, without being asked. */
export type GuestWord = "ready" | "died" | "stopped";
export type GuestState = "waiting" | "starting" | "ready";

interface Pending {
  order: string;
  resolve(rest: string): void;
  reject(error: Error): void;
}

const answerWithinMs = 10_000;

/** Emits `word` and `close`. */
export class GuestAgent extends EventEmitter<{ word: [GuestWord]; close: [] }> {
  readonly #socket: Socket;
  /** Orders whose answers are to come, in their order. */
  readonly #pending: Pending[] = [];
  #count = 0;
  #isClosed = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    const lines = createInterface({ input: socket });
    lines.on("line", (line) => this.#hear(line.trim()));
    lines.on("error", () => {});
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.#isClosed = true;
      for (const { order, reject } of this.#pending.splice(0)) reject(unanswered(order, "it has ended"));
      this.emit("close");
    });
  }

  static open(path: string): Promise<GuestAgent> {
    return new Promise((resolve, reject) => {
      const socket = connect(path)
        .once("connect", () => resolve(new GuestAgent(socket)))
        .once("error", (error) => reject(unanswered("connect", messageOf(error))));
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws Y8105 when it refuses or does not answer. */
  async order(name: string, ...values: (string | number)[]): Promise<string> {
    return this.#ask(name, [name, ...values].join(" "));
  }

  /** One that takes its time. */
  orderWithin(timeoutMs: number, name: string): Promise<string> {
    return this.#ask(name, name, timeoutMs);
  }

  /** What the data has, and what is left of it. @throws Y8105 */
  async room(): Promise<{ totalBytes: number; freeBytes: number }> {
    const [total = 0, free = 0] = (await this.order("room")).split(" ").map(Number);
    return { totalBytes: total * 1024, freeBytes: free * 1024 };
  }

  /** An answer to an earlier question, which nobody waited for, is not taken for this one's. */
  async ping(timeoutMs?: number): Promise<GuestState> {
    const mark = String(++this.#count);
    const answer = await this.#ask(`pong ${mark}`, `ping ${mark}`, timeoutMs);
    return answer as GuestState;
  }

  /** Tells it to end; the power goes afterwards. */
  stop(signal: "INT" | "QUIT" = "INT"): void {
    this.#socket.write(`stop ${signal}\n`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #ask(order: string, line: string, timeoutMs: number = answerWithinMs): Promise<string> {
    if (this.#isClosed) return Promise.reject(unanswered(order, "it has ended"));
    return new Promise((resolve, reject) => {
      const pending: Pending = { order, resolve: settle(resolve), reject: settle(reject) };
      const timer = setTimeout(() => {
        this.#drop(pending);
        reject(unanswered(order, "it takes too long"));
      }, timeoutMs);
      function settle<Value>(end: (value: Value) => void) {
        return (value: Value) => {
          clearTimeout(timer);
          end(value);
        };
      }
      this.#pending.push(pending);
      this.#socket.write(`${line}\n`);
    });
  }

  #drop(pending: Pending): void {
    const index = this.#pending.indexOf(pending);
    if (index >= 0) this.#pending.splice(index, 1);
  }

  #hear(line: string): void {
    const [kind = "", name = "", ...rest] = line.split(" ");
    if (kind === "pong") this.#answer(`pong ${rest[0] ?? ""}`)?.resolve(name);
    else if (kind === "done") this.#answer(name)?.resolve(rest.join(" "));
    else if (kind === "failed") this.#answer(name)?.reject(unanswered(name, "it failed there"));
    else if (isWord(kind)) this.emit("word", kind);
  }

  #answer(order: string): Pending | undefined {
    const pending = this.#pending.find((one) => one.order === order);
    if (pending) this.#drop(pending);
    return pending;
  }
}

const isWord = (text: string): text is GuestWord => ["ready", "died", "stopped"].includes(text);

const unanswered = (order: string, detail: string) =>
  posternError("Y8105", "The guest does not do what it is asked.", {
    detail: `${order.split(" ")[0]}: ${detail}`,
  });
