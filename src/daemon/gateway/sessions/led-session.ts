/** In charge of one Postgres session that a gateway leads: bytes both ways, and an end that loses nothing where there is time for it. */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { splice } from "../../../runtime/gate/lead-client.ts";
import { encodeCancel, encodeFatal } from "../../../tunnel/tunnel-messages.ts";
import { SessionWatch } from "./session-watch.ts";

export interface Onward {
  socket: Socket;
  /** What the client has not heard yet: of a session that was logged in for it. */
  greeting: Buffer | undefined;
  /** Has the server of this session hear a request to cancel. */
  cancel(packet: Buffer): Promise<void>;
}

/** Postgres's own words for it: pools of clients know them and open another session. */
const goodbye = encodeFatal("57P01", "terminating connection due to administrator command");
const terminate = Buffer.from([0x58, 0, 0, 0, 4]);
const nothing = Buffer.alloc(0);
/** Whoever does not take what is left is cut off. */
const farewellMs = 2_000;

export class LedSession {
  readonly #client: Socket;
  readonly #onward: Onward;
  readonly #watch: SessionWatch;
  readonly ended: Promise<void>;
  /** The client has said who it is, or has gone; whether it is believed is the server's to say. */
  readonly identified: Promise<void>;
  #digest: string | undefined;
  #isDraining = false;
  #isEnding = false;

  constructor(client: Socket, onward: Onward) {
    this.#client = client;
    this.#onward = onward;
    this.#watch = new SessionWatch(() => this.#onWaiting());
    this.ended = new Promise((resolve) => client.once("close", () => resolve()));
    const { socket, greeting } = onward;
    let identify = () => {};
    this.identified = Promise.race([this.ended, new Promise<void>((resolve) => (identify = resolve))]);
    client.on("data", (chunk: Buffer) => {
      this.#watch.fromClient(chunk);
      if (this.#watch.isIdentified) identify();
    });
    socket.on("data", (chunk: Buffer) => this.#watch.fromServer(chunk));
    if (greeting) {
      this.#watch.fromServer(greeting);
      identify();
      client.write(greeting);
    }
    splice(client, socket);
  }

  /** Of what cancels it; undefined until the server has said it. */
  get digest(): string | undefined {
    const { key } = this.#watch;
    this.#digest ??= key && digestOfKey(key);
    return this.#digest;
  }

  /** Ends as soon as nothing is under way in it. */
  drain(): void {
    this.#isDraining = true;
    this.#onWaiting();
  }

  /** Cancels what runs, and ends when that is answered or `withinMs` have passed. */
  async cut(withinMs: number): Promise<void> {
    this.#isDraining = true;
    const { key } = this.#watch;
    if (key && !this.#watch.isIdle) await this.#onward.cancel(encodeCancel(key)).catch(() => {});
    const timer = setTimeout(() => this.#end(), withinMs);
    this.#onWaiting();
    await this.ended;
    clearTimeout(timer);
  }

  cancel(packet: Buffer): Promise<void> {
    return this.#onward.cancel(packet);
  }

  /** The key, for whoever knows its digest only. */
  cancelOwn(): Promise<void> {
    const { key } = this.#watch;
    return key ? this.#onward.cancel(encodeCancel(key)) : Promise.resolve();
  }

  #onWaiting(): void {
    if (!this.#isDraining || !this.#watch.isIdle) return;
    // What the server has just said is passed on first.
    setImmediate(() => {
      if (this.#watch.isIdle) this.#end();
    });
  }

  #end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const { socket } = this.#onward;
    // What the client sends from now on reaches nobody: nothing is done of which it does not hear.
    this.#client.unpipe(socket);
    socket.unpipe(this.#client);
    this.#client.resume();
    // Behind a part of a message either would be read as its rest: as the end of a row, or of a statement that then runs.
    this.#client.end(this.#watch.isSaidWhole ? goodbye : nothing);
    socket.end(this.#watch.isAskedWhole ? terminate : nothing);
    socket.resume();
    setTimeout(() => {
      this.#client.destroy();
      socket.destroy();
    }, farewellMs).unref();
  }
}

/** Gateways ask each other by this, so that nobody on the way could cancel anything. */
export const digestOfKey = (key: Buffer): string => createHash("sha256").update(key).digest("hex");
