/** In charge of telling those who wait for an operation that it moved or ended. */
import { EventEmitter } from "node:events";
import type { OperationId } from "../base/id.ts";

export class OperationEvents {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  /** Says that the row of the operation has changed. */
  announce(id: OperationId): void {
    this.#emitter.emit(id);
    this.#emitter.emit("any");
  }

  /** Says that somebody wants it to end. */
  cancel(id: OperationId): void {
    this.#emitter.emit(`cancel ${id}`);
  }

  onCancel(id: OperationId, listener: () => void): () => void {
    this.#emitter.on(`cancel ${id}`, listener);
    return () => this.#emitter.off(`cancel ${id}`, listener);
  }

  /** Of whichever operation. */
  subscribeToAll(listener: () => void): () => void {
    this.#emitter.on("any", listener);
    return () => this.#emitter.off("any", listener);
  }

  /** Calls `listener` at each change until the returned function is called. */
  subscribe(id: OperationId, listener: () => void): () => void {
    this.#emitter.on(id, listener);
    return () => this.#emitter.off(id, listener);
  }
}
