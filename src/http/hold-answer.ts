/**
 * In charge of the memory that whole answers take until their readers have them: each is counted, and readers who take
 * nothing, or next to nothing, are cut off.
 */
import type { ServerResponse } from "node:http";
import { AnswerClaim, AnswerRoom, uncountedBytes } from "../query/answer-room.ts";

/** Slower than the slowest line that anybody still works with. */
const leastBytesPerSecond = 16 * 1024;

export interface AnswerHold {
  room: AnswerRoom;
  /** Longest that the reader of a large answer may take nothing of it, milliseconds. */
  readerTimeoutMs: number;
}

export const createAnswerHold = (config: {
  answerMemoryBytes: number;
  readerTimeoutMs: number;
}): AnswerHold => ({
  room: new AnswerRoom(config.answerMemoryBytes),
  readerTimeoutMs: config.readerTimeoutMs,
});

/** For what is answered by this response: it ends with it. A small answer costs no listener. */
export const claimFor = (response: ServerResponse, { room }: AnswerHold, databaseId: string): AnswerClaim =>
  new AnswerClaim(room, databaseId, (claim) => {
    // Whose reader has gone before is told of no more.
    if (response.closed) claim.release();
    else response.once("close", () => claim.release());
  });

/** Who reads an answer, as far as they can be cut off. */
export interface AnswerReader {
  /** Calls when nothing was taken for so long. */
  setTimeout(ms: number, onTimeout: () => void): void;
  destroy(): void;
  onEnd(listener: () => void): void;
}

/** To be called when all of the answer has been written. */
export function cutSlowReader(response: ServerResponse, byteLength: number, hold: AnswerHold): void {
  if (response.writableFinished) return;
  const reader: AnswerReader = {
    setTimeout: (ms, onTimeout) => response.setTimeout(ms, onTimeout),
    destroy: () => response.destroy(),
    onEnd: (listener) => response.once("close", listener),
  };
  watchReader(reader, byteLength, hold);
}

/** Of an answer that has not left yet. */
export function watchReader(reader: AnswerReader, byteLength: number, { readerTimeoutMs }: AnswerHold): void {
  if (byteLength < uncountedBytes) return;
  const cut = () => reader.destroy();
  reader.setTimeout(readerTimeoutMs, cut);
  const longestMs = readerTimeoutMs + (1_000 * byteLength) / leastBytesPerSecond;
  const timer = setTimeout(cut, longestMs).unref();
  reader.onEnd(() => clearTimeout(timer));
}
