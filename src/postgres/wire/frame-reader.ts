/**
 * In charge of cutting the byte stream from Postgres into messages, wherever the network has split it. A message that
 * lies whole in the bytes just read is handed on where it lies, without a copy.
 */

/** Gets the body of a message; `buffer` is used again after the call, so what is kept must be copied. */
export type FrameHandler = (type: number, buffer: Buffer, start: number, end: number) => void;

const headerBytes = 5;

export class FrameReader {
  /** The beginning of a message whose end has not come yet; its first five bytes are type and length. */
  #held: Buffer = Buffer.alloc(headerBytes);
  #heldBytes = 0;
  readonly #onFrame: FrameHandler;

  constructor(onFrame: FrameHandler) {
    this.#onFrame = onFrame;
  }

  /** Bytes of the message that is only half here, as its header announces them; 0 when none is. */
  get announcedBytes(): number {
    return this.#heldBytes < headerBytes ? 0 : frameBytes(this.#held, 0);
  }

  push(chunk: Buffer, length: number): void {
    let offset = this.#heldBytes === 0 ? 0 : this.#completeHeld(chunk, length);
    while (length - offset >= headerBytes) {
      const size = frameBytes(chunk, offset);
      if (size > length - offset) break;
      this.#onFrame(chunk[offset]!, chunk, offset + headerBytes, offset + size);
      offset += size;
    }
    if (offset < length) this.#hold(chunk, offset, length);
  }

  /** Adds to the held message and hands it on once it is whole. Returns how far the chunk is read. */
  #completeHeld(chunk: Buffer, length: number): number {
    let offset = 0;
    if (this.#heldBytes < headerBytes) {
      offset = this.#fill(chunk, 0, length, headerBytes);
      if (this.#heldBytes < headerBytes) return length;
    }
    const size = frameBytes(this.#held, 0);
    offset = this.#fill(chunk, offset, length, size);
    if (this.#heldBytes < size) return length;
    const whole = this.#held;
    this.#held = Buffer.alloc(headerBytes);
    this.#heldBytes = 0;
    this.#onFrame(whole[0]!, whole, headerBytes, size);
    return offset;
  }

  #hold(chunk: Buffer, from: number, length: number): void {
    const target = length - from < headerBytes ? headerBytes : frameBytes(chunk, from);
    this.#fill(chunk, from, length, target);
  }

  /** Copies until `target` bytes are held or the chunk ends. */
  #fill(chunk: Buffer, from: number, length: number, target: number): number {
    const taken = Math.min(target - this.#heldBytes, length - from);
    this.#reserve(this.#heldBytes + taken, target);
    chunk.copy(this.#held, this.#heldBytes, from, from + taken);
    this.#heldBytes += taken;
    return from + taken;
  }

  /** Grows with what has really come, not with what a header announces: that may be up to 1 GB. */
  #reserve(needed: number, target: number): void {
    if (needed <= this.#held.length) return;
    const larger = Buffer.allocUnsafe(Math.min(target, Math.max(needed, this.#held.length * 2)));
    this.#held.copy(larger, 0, 0, this.#heldBytes);
    this.#held = larger;
  }
}

/** Size of a message with its type byte; the length on the wire leaves that byte out. */
const frameBytes = (buffer: Buffer, offset: number): number => buffer.readUInt32BE(offset + 1) + 1;
