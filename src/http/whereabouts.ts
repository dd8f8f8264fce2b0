/**
 * In charge of which databases a process answers that does not answer all of them: a gateway, whose others are on the control
 * plane's own machine. That one is here holds until it is told otherwise; that it is not is asked again.
 */
import type { DatabaseId } from "../base/id.ts";

const elsewhereForMs = 1_000;
/** Ids are the caller's to make up: what is remembered of them must not grow without end. */
const mostRemembered = 10_000;

export class Whereabouts {
  readonly #ask: (databaseId: DatabaseId) => Promise<boolean>;
  readonly #nowMs: () => number;
  readonly #here = new Set<string>();
  /** Until when they are. */
  readonly #elsewhere = new Map<string, number>();
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(
    ask: (databaseId: DatabaseId) => Promise<boolean>,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#ask = ask;
    this.#nowMs = nowMs;
  }

  /** At once where it is known. What cannot be asked counts as here: whoever answers says what is wrong. */
  isHere(databaseId: string): boolean | Promise<boolean> {
    if (this.#here.has(databaseId)) return true;
    const until = this.#elsewhere.get(databaseId);
    if (until !== undefined && this.#nowMs() < until) return false;
    const asking = this.#asking.get(databaseId) ?? this.#find(databaseId);
    return asking;
  }

  forget(databaseId: string): void {
    this.#here.delete(databaseId);
    this.#elsewhere.delete(databaseId);
    this.#asking.delete(databaseId);
  }

  #find(databaseId: string): Promise<boolean> {
    const asking: Promise<boolean> = this.#ask(databaseId as DatabaseId).then(
      (isHere) => {
        if (this.#asking.get(databaseId) === asking) this.#note(databaseId, isHere);
        return isHere;
      },
      () => {
        if (this.#asking.get(databaseId) === asking) this.#asking.delete(databaseId);
        return true;
      },
    );
    this.#asking.set(databaseId, asking);
    return asking;
  }

  #note(databaseId: string, isHere: boolean): void {
    this.#asking.delete(databaseId);
    if (isHere) {
      if (this.#here.size >= mostRemembered) this.#here.clear();
      this.#here.add(databaseId);
      return;
    }
    if (this.#elsewhere.size >= mostRemembered) this.#elsewhere.clear();
    this.#elsewhere.set(databaseId, this.#nowMs() + elsewhereForMs);
  }
}
