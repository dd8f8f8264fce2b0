/** In charge of growing JSON text as bytes, chunk by chunk, within a budget that the whole answer shares. */
import { posternError } from "../base/error.ts";

/** What an answer may still grow by. JSON can be many times larger than what came over the socket. */
export class AnswerBudget {
  readonly limit: number;
  #spent = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  spend(bytes: number): void {
    this.#spent += bytes;
    if (this.#spent <= this.limit) return;
    throw posternError("Y1008", `The answer is larger than ${this.limit} bytes.`, {
      hint: "Ask for fewer rows or columns, for example with LIMIT, or connect to the database directly.",
    });
  }
}

// Most answers fit into the first chunk; below 4 KiB Node cuts it from a slab, which should last for many.
const firstChunkBytes = 512;
const largestChunkBytes = 256 * 1024;

/** Writers reserve room first and then write into `chunk` at `offset` themselves: no call per byte. */
export class JsonWriter {
  chunk: Buffer;
  offset = 0;
  /** What it will hold in the end, as far as one can tell: then it needs few chunks, none of them much too large. */
  expectedBytes = 0;
  #closedBytes = 0;
  readonly #budget: AnswerBudget;
  readonly #full: Buffer[] = [];

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
    const missing = this.expectedBytes - this.#closedBytes;
    const size = Math.min(missing > 0 ? missing : this.chunk.length * 8, largestChunkBytes);
    this.chunk = Buffer.allocUnsafe(Math.max(size, bytes));
    this.offset = 0;
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
