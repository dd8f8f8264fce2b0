/** In charge of finding the messages in one direction of a Postgres session, without keeping or changing what passes. */

/** Of these the content is told as well; all of them are short. */
const told = new Set(["Z", "K"].map((type) => type.charCodeAt(0)));
/** What is longer is no key and no status. */
const mostToldBytes = 300;
const headBytes = 5;

export type OnFrame = (type: string, body: Buffer | undefined) => void;

export class FrameScanner {
  readonly #onFrame: OnFrame;
  readonly #head = Buffer.alloc(headBytes);
  #held = 0;
  /** Bytes of the message's content that are still to come. */
  #left = 0;
  #body: Buffer[] | undefined;

  /** @param onFrame each message, when its last byte has passed */
  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Has all that came been whole messages? */
  get isBetween(): boolean {
    return this.#held === 0;
  }

  scan(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#held < headBytes) {
        at += this.#readHead(chunk, at);
        if (this.#held < headBytes) continue;
      }
      const taken = Math.min(this.#left, chunk.length - at);
      this.#body?.push(chunk.subarray(at, at + taken));
      this.#left -= taken;
      at += taken;
      if (this.#left === 0) this.#end();
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#head, this.#held, at, at + headBytes - this.#held);
    this.#held += taken;
    if (this.#held < headBytes) return taken;
    // A length below its own size is none; whoever reads the session will say so.
    this.#left = Math.max(0, this.#head.readUInt32BE(1) - 4);
    this.#body = told.has(this.#head[0]!) && this.#left <= mostToldBytes ? [] : undefined;
    if (this.#left === 0) this.#end();
    return taken;
  }

  #end(): void {
    const body = this.#body && Buffer.concat(this.#body);
    this.#held = 0;
    this.#body = undefined;
    this.#onFrame(String.fromCharCode(this.#head[0]!), body);
  }
}
