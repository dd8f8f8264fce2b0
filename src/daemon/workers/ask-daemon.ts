/** In charge of a worker's side of the talk with the daemon: it asks, and it does what it is told. */
import { asPosternError, PosternError } from "../../base/error.ts";
import type {
  DaemonMessage,
  WorkerMessage,
  WorkerOrders,
  WorkerQuestions,
  WorkerStart,
} from "./worker-messages.ts";

const send = (message: WorkerMessage): void => {
  // Without the daemon there is nobody left to talk to; the disconnection ends this process.
  if (process.connected) process.send!(message, () => {});
};

export const tellDaemon = send;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class DaemonTalk {
  readonly #waiting = new Map<number, Waiting>();
  readonly started: Promise<WorkerStart>;
  #orders: WorkerOrders | undefined;
  #count = 0;

  constructor() {
    let start!: (what: WorkerStart) => void;
    this.started = new Promise((resolve) => {
      start = resolve;
    });
    process.on("message", (message: DaemonMessage) => {
      if (message.type === "start") start(message);
      else if (message.type === "answer") this.#settle(message);
      else if (message.type === "order") void this.#obey(message);
    });
    send({ type: "hello" });
    // The port is the daemon's: a worker that outlived it would keep its successor from listening.
    process.once("disconnect", () => process.exit(0));
  }

  readonly questions: WorkerQuestions = {
    knownTokens: (databaseId) =>
      this.#ask("knownTokens", databaseId) as ReturnType<WorkerQuestions["knownTokens"]>,
    findAddress: (databaseId) =>
      this.#ask("findAddress", databaseId) as ReturnType<WorkerQuestions["findAddress"]>,
    findClientAccess: (databaseId) =>
      this.#ask("findClientAccess", databaseId) as ReturnType<WorkerQuestions["findClientAccess"]>,
    openClientAccess: (databaseId) =>
      this.#ask("openClientAccess", databaseId) as ReturnType<WorkerQuestions["openClientAccess"]>,
    prepareLog: (databaseId) =>
      this.#ask("prepareLog", databaseId) as ReturnType<WorkerQuestions["prepareLog"]>,
    readLogin: (user) => this.#ask("readLogin", user) as ReturnType<WorkerQuestions["readLogin"]>,
    findDatabaseId: (innerName) =>
      this.#ask("findDatabaseId", innerName) as ReturnType<WorkerQuestions["findDatabaseId"]>,
    isHere: (databaseId) => this.#ask("isHere", databaseId) as ReturnType<WorkerQuestions["isHere"]>,
  };

  follow(orders: WorkerOrders): void {
    this.#orders = orders;
  }

  #ask(what: keyof WorkerQuestions, argument: string): Promise<unknown> {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      send({ type: "ask", id, what, argument });
    });
  }

  #settle({ id, value, error }: DaemonMessage & { type: "answer" }): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(PosternError.fromBody(error));
    else waiting?.resolve(value);
  }

  async #obey({ id, what, argument }: DaemonMessage & { type: "order" }): Promise<void> {
    try {
      await this.#orders?.[what](argument as never);
      send({ type: "done", id });
    } catch (error) {
      send({ type: "done", id, error: asPosternError(error).toBody() });
    }
  }
}
