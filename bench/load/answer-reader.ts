/**
 * In charge of seeing where an HTTP answer ends, for one answer at a time on a connection that is kept. It does no more
 * than that, because the load must cost little beside what is measured.
 */
const headEnd = Buffer.from("\r\n\r\n");

export class AnswerReader {
  /** Bytes of the body that are to come; of the present chunk and its line's end when the body comes in chunks. */
  #left = 0;
  #state: "head" | "length" | "chunks" | "last chunk" = "head";
  /** What has come of a head or of a chunk's first line. */
  #partial: Buffer = Buffer.alloc(0);
  /** The last head, for servers mostly send the same one again. */
  #knownHead: Buffer = Buffer.alloc(0);
  #knownLength: number | undefined;
  #status = 0;

  /** Of the answer that ended last. */
  get status(): number {
    return this.#status;
  }

  /** True when the answer ends with these bytes. @throws when the head tells no length. */
  push(bytes: Buffer): boolean {
    let at = 0;
    if (this.#state === "head") {
      if (this.#partial.length > 0) {
        bytes = Buffer.concat([this.#partial, bytes]);
        this.#partial = Buffer.alloc(0);
      }
      at = this.#readHead(bytes);
      if (at === -1) {
        this.#partial = bytes;
        return false;
      }
    }
    const ended =
      this.#state === "length" ? this.#readLength(bytes.length - at) : this.#readChunks(bytes, at);
    if (ended) this.#state = "head";
    return ended;
  }

  /** Returns where the body begins, -1 when the head is not complete. */
  #readHead(bytes: Buffer): number {
    const known = this.#knownHead.length;
    const seen = known > 0 && bytes.length >= known && this.#knownHead.compare(bytes, 0, known) === 0;
    if (!seen) {
      const end = bytes.indexOf(headEnd);
      if (end === -1) return -1;
      const head = bytes.toString("latin1", 0, end);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head);
      if (!length && !/\r\ntransfer-encoding: *chunked/i.test(head))
        throw new Error(`An answer that tells neither its length nor that it comes in chunks:\n${head}`);
      this.#status = Number(head.slice(9, 12));
      this.#knownLength = length ? Number(length[1]) : undefined;
      this.#knownHead = Buffer.from(bytes.subarray(0, end + headEnd.length));
    }
    this.#state = this.#knownLength === undefined ? "chunks" : "length";
    this.#left = this.#knownLength ?? 0;
    return this.#knownHead.length;
  }

  #readLength(count: number): boolean {
    this.#left -= count;
    return this.#left <= 0;
  }

  /** Trailers are not read: none of the servers sends any. */
  #readChunks(bytes: Buffer, from: number): boolean {
    let at = from;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, bytes.length - at);
        this.#left -= step;
        at += step;
        if (this.#left === 0 && this.#state === "last chunk") return true;
        continue;
      }
      const lineEnd = bytes.indexOf(10, at);
      if (lineEnd === -1) {
        this.#partial = Buffer.concat([this.#partial, bytes.subarray(at)]);
        return false;
      }
      const line = this.#partial.toString("latin1") + bytes.toString("latin1", at, lineEnd);
      this.#partial = Buffer.alloc(0);
      const size = Number.parseInt(line, 16);
      at = lineEnd + 1;
      this.#left = size + 2;
      this.#state = size === 0 ? "last chunk" : "chunks";
    }
    return false;
  }
}
