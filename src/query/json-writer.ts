/** In charge of growing JSON text as bytes, chunk by chunk, within a budget that the whole answer shares. */
import { type PosternError, posternError } from "../base/error.ts";
import { blockBytes, takeBlock } from "./answer-blocks.ts";
import { type AnswerClaim, uncountedBytes } from "./answer-room.ts";

/** What an answer may still grow by. JSON can be many times larger than what came over the socket. */
export class AnswerBudget {
  readonly limit: number;
  readonly #claim: AnswerClaim | undefined;
  #spent = 0;
  /** Rows that are kept as they came, for now. */
  #kept = 0;
  #isSettled = false;

  /** `claim`: on the memory that this process has for answers; each attempt at an answer begins it anew. */
  constructor(limit: number, claim?: AnswerClaim) {
    this.limit = limit;
    this.#claim = claim;
    claim?.startOver();
  }

  /** @throws Y1008 Y1040 */
  spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent > this.limit) throw this.#tooLarge();
    this.#occupy();
  }

  /** @throws Y1040 */
  keep(bytes: number): void {
    this.#kept += bytes;
    this.#occupy();
  }

  /** Where somebody tells when the answer has been read. */
  get reusesBlocks(): boolean {
    return this.#claim !== undefined;
  }

  /** Of what has been written to the end. */
  addBlocks(blocks: readonly Buffer[]): void {
    this.#claim?.addBlocks(blocks);
  }

  /** Whatever the statement did is done: from here on nobody is to hear that he may try again. */
  settle(): void {
    this.#isSettled = true;
  }

  #occupy(): void {
    const bytes = this.#spent + this.#kept;
    if (bytes > uncountedBytes) this.#claim?.grow(bytes, !this.#isSettled);
  }

  #tooLarge(): PosternError {
    return posternError("Y1008", `The answer is larger than ${this.limit} bytes.`, {
      hint: "Ask for fewer rows or columns, for example with LIMIT, or connect to the database directly.",
    });
  }
}

// Most answers fit into the first chunk; below 4 KiB Node cuts it from a slab, which should last for many.
const firstChunkBytes = 512;
/** Larger ones are written into blocks. */
const largestOwnBytes = 16 * 1024;

/** Writers reserve room first and then write into `chunk` at `offset` themselves: no call per byte. */
export class JsonWriter {
  chunk: Buffer;
  offset = 0;
  /** What it will hold in the end, as far as one can tell: then it needs few chunks, none of them much too large. */
  expectedBytes = 0;
  #closedBytes = 0;
  readonly #budget: AnswerBudget;
  readonly #full: Buffer[] = [];
  readonly #blocks: Buffer[] = [];

  constructor(budget: AnswerBudget, chunkBytes = firstChunkBytes) {
    this.#budget = budget;
    this.chunk = Buffer.allocUnsafe(chunkBytes);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#closedBytes + this.offset;
  }

  /** Makes room for that many bytes in one piece. */
  reserve(bytes: number): void {
    if (this.offset + bytes <= this.chunk.length) return;
    this.#closeChunk();
    this.chunk = this.#nextChunk(bytes);
    this.offset = 0;
  }

  #nextChunk(bytes: number): Buffer {
    const missing = this.expectedBytes - this.#closedBytes;
    const size = Math.max(missing > 0 ? missing : this.chunk.length * 8, bytes);
    if (size <= largestOwnBytes) return Buffer.allocUnsafe(size);
    if (bytes > blockBytes) return Buffer.allocUnsafe(bytes);
    if (!this.#budget.reusesBlocks) return Buffer.allocUnsafe(Math.min(size, blockBytes));
    const block = takeBlock();
    this.#blocks.push(block);
    return block;
  }

  byte(code: number): void {
    this.reserve(1);
    this.chunk[this.offset++] = code;
  }

  /** Bytes that are JSON already. */
  bytes(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start;
    this.reserve(length);
    const { chunk } = this;
    let { offset } = this;
    if (length > 64) chunk.set(source.subarray(start, end), offset);
    else for (let index = start; index < end; index++) chunk[offset++] = source[index]!;
    this.offset += length;
  }

  /** Text that is JSON already. */
  text(json: string): void {
    const bytes = Buffer.byteLength(json);
    this.reserve(bytes);
    this.chunk.write(json, this.offset);
    this.offset += bytes;
  }

  /** What was written, in order. The writer is not used afterwards. */
  finish(): Buffer[] {
    this.#closeChunk();
    if (this.#blocks.length > 0) this.#budget.addBlocks(this.#blocks);
    return this.#full;
  }

  /** Once it is finished. */
  get byteLength(): number {
    return this.#closedBytes;
  }

  #closeChunk(): void {
    if (this.offset === 0) return;
    this.#closedBytes += this.offset;
    this.#budget.spend(this.offset);
    this.#full.push(this.chunk.subarray(0, this.offset));
  }
}
