/** In charge of the sessions that a pool is opening: how many, and giving up those that nobody waits for any more. */
import type { WireConnection } from "../postgres/wire/wire-connection.ts";

export interface Opening {
  open(signal: AbortSignal): Promise<WireConnection>;
  onOpen(connection: WireConnection): void;
  onFailed(error: Error): void;
}

export class SessionOpenings {
  #attempts = { abort: new AbortController(), count: 0 };

  get count(): number {
    return this.#attempts.count;
  }

  begin({ open, onOpen, onFailed }: Opening): void {
    const attempts = this.#attempts;
    attempts.count++;
    open(attempts.abort.signal)
      .finally(() => attempts.count--)
      .then((connection) => (attempts.abort.signal.aborted ? connection.close() : onOpen(connection)))
      .catch((error: Error) => (attempts.abort.signal.aborted ? undefined : onFailed(error)));
  }

  /** Nobody hears of those that are under way; later ones are others. */
  giveUp(): void {
    this.#attempts.abort.abort();
    this.#attempts = { abort: new AbortController(), count: 0 };
  }
}
