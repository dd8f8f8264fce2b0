/** In charge of talking to QEMU by its machine protocol: one request after the other, and events in between. */
import { EventEmitter } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { messageOf, posternError } from "../../base/error.ts";

interface Pending {
  command: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

type Message =
  | { QMP: unknown }
  | { return: unknown; id?: number }
  | { error: { class: string; desc: string }; id?: number }
  | { event: string; data?: Record<string, unknown> };

const answerWithinMs = 30_000;
const greetWithinMs = 5_000;

/** Emits `event` with each event's name and data, and `close`. */
export class QmpClient extends EventEmitter<{ event: [string, Record<string, unknown>]; close: [] }> {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #count = 0;
  #isClosed = false;
  #onGreeting: () => void = () => {};

  private constructor(socket: Socket) {
    super();
    this.#socket = socket;
    const lines = createInterface({ input: socket });
    lines.on("line", (line) => this.#hear(line));
    lines.on("error", () => {});
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#close());
  }

  /**
   * QEMU talks to one at a time: a second client waits for the greeting. One that has just begun may not listen yet.
   * @throws Y8105
   */
  static async open(path: string, timeoutMs: number = greetWithinMs): Promise<QmpClient> {
    const socket = await connectWithin(path, timeoutMs);
    const client = new QmpClient(socket);
    try {
      await client.#greeting(timeoutMs);
      await client.run("qmp_capabilities", {}, timeoutMs);
      return client;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws Y8105 with what QEMU says against it. */
  run<Result = unknown>(
    command: string,
    input: Record<string, unknown> = {},
    timeoutMs: number = answerWithinMs,
  ): Promise<Result> {
    if (this.#isClosed) return Promise.reject(unanswered(command, "it has ended"));
    const id = ++this.#count;
    return new Promise<Result>((resolve, reject) => {
      const timer = setTimeout(
        () => this.#settle(id)?.reject(unanswered(command, "it takes too long")),
        timeoutMs,
      );
      this.#pending.set(id, {
        command,
        resolve(value) {
          clearTimeout(timer);
          resolve(value as Result);
        },
        reject(error) {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: input, id })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #greeting(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(unanswered("greeting", "it takes too long")), timeoutMs);
      this.once("close", () => reject(unanswered("greeting", "it has ended")));
      this.#onGreeting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #hear(line: string): void {
    const message = parse(line);
    if (message === undefined) return;
    if ("QMP" in message) this.#onGreeting();
    else if ("event" in message) this.emit("event", message.event, message.data ?? {});
    else {
      const pending = this.#settle(message.id);
      if ("error" in message) pending?.reject(unanswered(pending.command, message.error.desc));
      else pending?.resolve(message.return);
    }
  }

  #settle(id: number | undefined): Pending | undefined {
    if (id === undefined) return undefined;
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #close(): void {
    this.#isClosed = true;
    for (const id of [...this.#pending.keys()]) {
      const pending = this.#settle(id)!;
      pending.reject(unanswered(pending.command, "it has ended"));
    }
    this.emit("close");
  }
}

function parse(line: string): Message | undefined {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return undefined;
  }
}

async function connectWithin(path: string, timeoutMs: number): Promise<Socket> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await connectTo(path);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

const connectTo = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path)
      .once("connect", () => resolve(socket))
      .once("error", (error) => reject(unanswered("connect", messageOf(error))));
  });

const unanswered = (command: string, detail: string) =>
  posternError("Y8105", "The guest's machine does not do what it is asked.", {
    detail: `QEMU, ${command}: ${detail}`,
  });
