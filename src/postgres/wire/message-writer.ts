/** In charge of laying messages to Postgres one behind the other in a buffer, so that a request is one write. */

export class MessageWriter {
  #buffer: Buffer;
  #offset = 0;
  #messageStart = 0;

  constructor(initialBytes = 512) {
    this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** Begins a message; its length is filled in by `end`. */
  begin(type: number): void {
    this.#reserve(5);
    this.#buffer[this.#offset] = type;
    this.#messageStart = this.#offset + 1;
    this.#offset += 5;
  }

  /** Begins a message that has no type byte: those before a session is open. */
  beginUntyped(): void {
    this.#reserve(4);
    this.#messageStart = this.#offset;
    this.#offset += 4;
  }

  end(): void {
    this.#buffer.writeUInt32BE(this.#offset - this.#messageStart, this.#messageStart);
  }

  int16(value: number): void {
    this.#reserve(2);
    this.#offset = this.#buffer.writeUInt16BE(value, this.#offset);
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#offset = this.#buffer.writeInt32BE(value, this.#offset);
  }

  /** A text that ends with a NUL; the text itself must hold none. */
  cString(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#reserve(bytes + 1);
    this.#buffer.write(text, this.#offset);
    this.#offset += bytes;
    this.#buffer[this.#offset++] = 0;
  }

  /** A value as Bind carries it: its length, then its bytes; null is the length -1. */
  value(text: string | null): void {
    if (text === null) {
      this.int32(-1);
      return;
    }
    const bytes = Buffer.byteLength(text);
    this.#reserve(bytes + 4);
    this.#offset = this.#buffer.writeInt32BE(bytes, this.#offset);
    this.#buffer.write(text, this.#offset);
    this.#offset += bytes;
  }

  /** Messages that were laid out before, as they are. */
  bytes(bytes: Buffer): void {
    this.#reserve(bytes.length);
    bytes.copy(this.#buffer, this.#offset);
    this.#offset += bytes.length;
  }

  /** What was written so far; the writer begins anew in a buffer of its own. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#offset);
    this.#buffer = this.#buffer.subarray(this.#offset);
    this.#offset = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    const needed = this.#offset + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#offset);
    this.#buffer = larger;
  }
}
