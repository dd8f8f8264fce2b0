/**
 * In charge of knowing when a session is between two transactions, with every question answered: then its end loses nothing.
 * Where that cannot be told for sure it counts as busy.
 */
import { FrameScanner } from "./frame-scanner.ts";

/** Each of these is answered by one ReadyForQuery. */
const asking = new Set(["Q", "S", "F"]);
/** Parts of what only a Sync ends. */
const unfinished = new Set(["P", "B", "D", "E", "C", "H"]);
/** By SCRAM a client answers twice, the second time with the proof of its password. */
const scramAnswers = 2;

export class SessionWatch {
  readonly #client = new FrameScanner((type) => this.#noteAsked(type));
  readonly #server = new FrameScanner((type, body) => this.#noteSaid(type, body));
  readonly #onChange: () => void;
  #status = "";
  #pending = 0;
  #isUnsynced = false;
  #lastAsked = "";
  #isCopyingIn = false;
  #proofs = 0;
  #key: Buffer | undefined;

  /** @param onChange the server has said that it waits for the client */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  fromClient(chunk: Buffer): void {
    this.#client.scan(chunk);
  }

  fromServer(chunk: Buffer): void {
    this.#server.scan(chunk);
  }

  /** What cancels its statements, as the server gave it. */
  get key(): Buffer | undefined {
    return this.#key;
  }

  /** Has the client said who it is? Then it is the server that is waited for, which may have to wake. */
  get isIdentified(): boolean {
    return this.#proofs >= scramAnswers || this.#status !== "";
  }

  /** Has the server got whole messages? Anything else that it is told would be read as the rest of one. */
  get isAskedWhole(): boolean {
    return this.#client.isBetween;
  }

  /** The same of the client. */
  get isSaidWhole(): boolean {
    return this.#server.isBetween;
  }

  /** A transaction that has failed can only be rolled back: it is nothing that could be lost. */
  get isIdle(): boolean {
    const waits = this.#status === "I" || this.#status === "E";
    return waits && this.#pending === 0 && !this.#isUnsynced && this.#client.isBetween;
  }

  #noteAsked(type: string): void {
    if (type === "p") this.#proofs += 1;
    if (asking.has(type)) {
      this.#pending += 1;
      this.#lastAsked = type;
      this.#isUnsynced = false;
    } else if (unfinished.has(type)) {
      this.#isUnsynced = true;
    } else if (this.#isCopyingIn && (type === "c" || type === "f")) {
      // A Sync that came before the data has ended is passed over by the server.
      this.#isCopyingIn = false;
      if (this.#lastAsked !== "S") return;
      this.#pending = 0;
      this.#isUnsynced = true;
    }
  }

  #noteSaid(type: string, body: Buffer | undefined): void {
    if (type === "G") this.#isCopyingIn = true;
    if (type === "K") this.#key = body;
    if (type !== "Z") return;
    // The first one ends the login, which nobody asked for in this way.
    if (this.#status !== "") this.#pending = Math.max(0, this.#pending - 1);
    this.#status = body?.toString("latin1") ?? "";
    this.#isCopyingIn = false;
    this.#onChange();
  }
}
