/**
 * In charge of the memory that answers take in this process: while they are made, and until their readers have taken them.
 * Limits of single answers do not bound it, for slow readers can be many.
 */
import { type PosternError, posternError } from "../base/error.ts";
import { giveBack } from "./answer-blocks.ts";

/** Below this an answer is not counted: what connections may hold is bounded by how many there can be. */
export const uncountedBytes = 32 * 1024;

export class AnswerRoom {
  readonly limit: number;
  held = 0;
  readonly #heldBy = new Map<string, number>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** No database has more than half, so that one with many slow readers leaves room for the others. */
  fits(databaseId: string, bytes: number): boolean {
    return this.held + bytes <= this.limit && this.heldBy(databaseId) + bytes <= this.limit / 2;
  }

  heldBy(databaseId: string): number {
    return this.#heldBy.get(databaseId) ?? 0;
  }

  /** Less than nothing gives back. */
  count(databaseId: string, bytes: number): void {
    this.held += bytes;
    const held = this.heldBy(databaseId) + bytes;
    if (held > 0) this.#heldBy.set(databaseId, held);
    else this.#heldBy.delete(databaseId);
  }
}

/** What one request's answer takes of the room, until `release`. */
export class AnswerClaim {
  readonly #room: AnswerRoom;
  readonly #databaseId: string;
  #held = 0;
  #isReleased = false;
  #blocks: readonly Buffer[] = [];
  #onFirst: ((claim: AnswerClaim) => void) | undefined;

  /** `onFirst`: told before it takes anything, which most answers never do: from then on somebody has to release it. */
  constructor(room: AnswerRoom, databaseId: string, onFirst?: (claim: AnswerClaim) => void) {
    this.#room = room;
    this.#databaseId = databaseId;
    this.#onFirst = onFirst;
  }

  /** `mayRefuse`: false when what the statement changed is committed. @throws Y1040 */
  grow(total: number, mayRefuse: boolean): void {
    const bytes = total - this.#held;
    if (bytes <= 0 || !this.#mayTake()) return;
    if (mayRefuse && !this.#room.fits(this.#databaseId, bytes)) throw noRoom();
    this.#held = total;
    this.#room.count(this.#databaseId, bytes);
  }

  /** Of an answer that is whole: when its reader has it, they are used again. */
  addBlocks(blocks: readonly Buffer[]): void {
    if (this.#mayTake()) this.#blocks = [...this.#blocks, ...blocks];
  }

  #mayTake(): boolean {
    const onFirst = this.#onFirst;
    this.#onFirst = undefined;
    onFirst?.(this);
    return !this.#isReleased;
  }

  /** What was made so far is thrown away: the request is sent again. Its blocks are left alone: who knows who writes to them. */
  startOver(): void {
    this.#blocks = [];
    if (this.#held > 0) this.#room.count(this.#databaseId, -this.#held);
    this.#held = 0;
  }

  /** The reader has all of it, or has gone. */
  release(): void {
    giveBack(this.#blocks);
    this.startOver();
    this.#isReleased = true;
  }
}

const noRoom = (): PosternError =>
  posternError("Y1040", "Too many large answers are waiting for their readers.", {
    detail: "The statement was canceled; one that changes something may have done so.",
    hint: "Try again in a moment, ask for fewer rows, or for lines: `accept: application/x-ndjson`.",
  });
