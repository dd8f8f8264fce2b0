/** In charge of one request that a lane has read: what it says, and how its answer is doing. */
import { AnswerClaim } from "../../query/answer-room.ts";
import type { DirectExchange } from "../direct-exchange.ts";
import { type AnswerHold, watchReader } from "../hold-answer.ts";
import type { EncodedAnswer } from "../services/query-services.ts";
import type { Lane } from "./lane.ts";

export class LaneExchange implements DirectExchange {
  readonly #lane: Lane;
  readonly #hold: AnswerHold;
  readonly #body: Buffer;
  readonly #listeners: ((status: number) => void)[] = [];
  #status: number | undefined;

  constructor(lane: Lane, body: Buffer, hold: AnswerHold) {
    this.#lane = lane;
    this.#body = body;
    this.#hold = hold;
  }

  get peerAddress(): string {
    return this.#lane.peerAddress;
  }

  /** It has come with the head. */
  readBody(onBody: (body: Buffer) => void): void {
    onBody(this.#body);
  }

  claim(databaseId: string): AnswerClaim {
    return new AnswerClaim(this.#hold.room, databaseId, (claim) => {
      // Whose reader has gone before is told of no more.
      if (this.#status !== undefined) claim.release();
      else this.onEnd(() => claim.release());
    });
  }

  send(headers: string[], { chunks, byteLength }: EncodedAnswer): void {
    if (this.#status !== undefined) return;
    this.#lane.answer(this, 200, headers, chunks);
    if (this.#status === undefined) watchReader(this.#reader(), byteLength, this.#hold);
  }

  refuse(status: number, headers: string[], body: Buffer): void {
    if (this.#status === undefined) this.#lane.answer(this, status, headers, [body]);
  }

  onEnd(listener: (status: number) => void): void {
    this.#listeners.push(listener);
  }

  /** All of the answer has left, or nobody is there any more to have it. */
  end(status: number): void {
    this.#status = status;
    for (const listener of this.#listeners) listener(status);
  }

  #reader() {
    const lane = this.#lane;
    return {
      setTimeout: (ms: number, onTimeout: () => void) => lane.watchReader(ms, onTimeout),
      destroy: () => lane.destroy(),
      onEnd: (listener: () => void) => this.onEnd(listener),
    };
  }
}
