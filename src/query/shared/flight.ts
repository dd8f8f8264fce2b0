/**
 * In charge of what goes to Postgres in one write and comes back as one answer: several reads, several plain
 * inserts, several changes, or one request of another kind. One Sync closes it, so Postgres pays for one transaction and one
 * write of its own. A read that fails takes those behind it down with it; they have changed nothing and are asked again. A
 * write that fails undoes the whole flight; each of them is then run alone, as if nothing had been.
 */
import { posternError } from "../../base/error.ts";
import type { Exchange, TransactionStatus } from "../../postgres/wire/exchange.ts";
import type { ServerError } from "../../postgres/wire/server-error.ts";
import type { Step } from "../batch-exchange.ts";
import type { PreparedStatement } from "./prepared-statement.ts";
import type { Submission } from "./shared-request.ts";

/** One request aboard. */
export interface Passenger {
  readonly submission: Submission;
  /** Commands of Postern's own before the first statement whose answers are still to come. */
  prelude: number;
  /** Before which statements there is one more, the gate; what has been answered is false. */
  readonly gates: boolean[];
  readonly prepared: readonly PreparedStatement[];
  readonly steps: readonly Step[];
  /** Which statement's answer is coming. */
  index: number;
  /** Nobody waits for this answer any more: its client has gone, or it was asked for again elsewhere. */
  isMuted: boolean;
}

/** Who is told how the flight went. */
export interface FlightOwner {
  /** A passenger's answer is whole; with an error only of a flight that isolates. */
  onArrived(flight: Flight, passenger: Passenger, error: Error | undefined): void;
  /** Nothing more will come; with an error, `flight.current` is whom it struck. */
  onLanded(flight: Flight, error: Error | undefined): void;
  /** The connection ended. */
  onLost(flight: Flight, error: Error): void;
}

export interface FlightOptions {
  /** Largest answer to one request, counted on the socket, bytes. */
  answerBytes: number;
  /** Room for what comes beside each answer. */
  besideBytes: number;
  now: number;
  /** Each passenger has a transaction, and a ReadyForQuery, of its own: nobody's failure reaches another. */
  isolates: boolean;
  owner: FlightOwner;
}

export class Flight implements Exchange {
  readonly byteLimit: number;
  readonly messageByteLimit: number;
  readonly passengers: readonly Passenger[];
  readonly sentAt: number;
  /** Whose answer is coming; the number of passengers when all have theirs. */
  position = 0;
  readonly #options: FlightOptions;
  #bytes = 0;
  #isDescribed = false;
  #error: Error | undefined;
  #isLost = false;

  constructor(passengers: readonly Passenger[], options: FlightOptions) {
    this.passengers = passengers;
    this.sentAt = options.now;
    this.#options = options;
    // Each answer is held to its limit below; a single huge message before it has come.
    this.byteLimit = options.answerBytes * (options.isolates ? 1 : passengers.length) + options.besideBytes;
    this.messageByteLimit = options.answerBytes;
  }

  /** Then all of it takes effect when it lands, or nothing. */
  get changesSomething(): boolean {
    return this.passengers[0]!.submission.request.company !== "reads";
  }

  get current(): Passenger | undefined {
    return this.passengers[this.position];
  }

  onParameterTypes(types: number[]): void {
    const { prepared, index } = this.current!;
    prepared[index]!.isParsed = true;
    prepared[index]!.entry.parameterTypes = types;
  }

  onRowDescription(buffer: Buffer, start: number, end: number): void {
    const { prepared, index } = this.current!;
    prepared[index]!.description = Buffer.from(buffer.subarray(start, end));
  }

  onDataRow(buffer: Buffer, start: number, end: number): void {
    const passenger = this.passengers[this.position]!;
    this.#count(end - start);
    if (passenger.isMuted || passenger.prelude > 0) return;
    if (!this.#isDescribed) this.#describe(passenger);
    passenger.steps[passenger.index]!.onDataRow!(buffer, start, end);
  }

  onCommandComplete(tag: string): void {
    const passenger = this.passengers[this.position]!;
    if (isPreparatory(passenger)) return;
    if (!passenger.isMuted) {
      if (!this.#isDescribed) this.#describe(passenger);
      passenger.steps[passenger.index]!.onComplete(tag);
    }
    this.#isDescribed = false;
    passenger.index++;
    // Those that have a transaction of their own have their answer when it has ended.
    if (passenger.index < passenger.prepared.length || this.#options.isolates) return;
    // What a request has changed counts when it is committed, which is when the flight lands.
    if (this.changesSomething && this.position === this.passengers.length - 1) return;
    this.position++;
    this.#bytes = 0;
    if (!this.changesSomething) this.#options.owner.onArrived(this, passenger, undefined);
  }

  onNotice(buffer: Buffer, start: number, end: number): void {
    if (this.#options.isolates) this.current?.submission.request.onNotice?.(buffer, start, end);
  }

  onError(error: ServerError): void {
    const { current } = this;
    if (current && current.prelude > 0) current.submission.request.onPreludeFailed?.();
    this.#error = error;
  }

  onReady(_status: TransactionStatus): void {
    if (this.#options.isolates) this.#endTransaction();
    else this.#options.owner.onLanded(this, this.#error);
  }

  #endTransaction(): void {
    const { owner } = this.#options;
    const passenger = this.passengers[this.position++]!;
    const error = this.#error;
    this.#error = undefined;
    this.#isDescribed = false;
    this.#bytes = 0;
    owner.onArrived(this, passenger, error);
    if (this.position === this.passengers.length) owner.onLanded(this, undefined);
  }

  /** As often as there are transactions still to come. */
  onClose(error: Error): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#options.owner.onLost(this, this.#error ?? error);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    const { answerBytes } = this.#options;
    if (this.#bytes <= answerBytes) return;
    throw posternError("Y1008", `The answer is larger than ${answerBytes} bytes.`, {
      hint: "Ask for fewer rows or columns, for example with LIMIT, or connect to the database directly.",
    });
  }

  /** A statement that the session knew already is not described again: its description is at hand. */
  #describe({ prepared, steps, index }: Passenger): void {
    this.#isDescribed = true;
    const { description } = prepared[index]!;
    if (description) steps[index]!.onRowDescription?.(description, 0, description.length);
  }
}

/** Is it the answer to a command of Postern's own: who the client is, or the gate before a statement? */
function isPreparatory(passenger: Passenger): boolean {
  if (passenger.prelude > 0) {
    passenger.prelude--;
    return true;
  }
  const { gates, index } = passenger;
  if (!gates[index]) return false;
  gates[index] = false;
  return true;
}
