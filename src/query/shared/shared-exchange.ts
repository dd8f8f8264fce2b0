/** In charge of the answer to one shared request, as Postgres sends it on the session where it was put last. */

import type { Exchange, TransactionStatus } from "../../postgres/wire/exchange.ts";
import type { ServerError } from "../../postgres/wire/server-error.ts";
import type { Step } from "../batch-exchange.ts";
import type { PreparedStatement } from "./prepared-statement.ts";
import type { Submission } from "./shared-request.ts";

/** Who is told how the exchange ended. */
export interface ExchangeOwner {
  onAnswered(exchange: SharedExchange, error: Error | undefined): void;
  onLost(exchange: SharedExchange, error: Error): void;
}

export class SharedExchange implements Exchange {
  readonly byteLimit: number;
  readonly submission: Submission;
  readonly prepared: readonly PreparedStatement[];
  readonly sentAt: number;
  /** Nobody waits for this answer any more: its client has gone, or it was asked for again elsewhere. */
  muted = false;
  /** Which statement's answer is coming. */
  index = 0;
  readonly #steps: readonly Step[];
  readonly #owner: ExchangeOwner;
  #isDescribed = false;
  #error: Error | undefined;

  constructor(
    submission: Submission,
    prepared: readonly PreparedStatement[],
    owner: ExchangeOwner,
    options: { byteLimit: number; now: number },
  ) {
    this.submission = submission;
    this.prepared = prepared;
    this.#owner = owner;
    this.byteLimit = options.byteLimit;
    this.sentAt = options.now;
    this.#steps = submission.request.makeSteps();
  }

  onParameterTypes(types: number[]): void {
    const prepared = this.prepared[this.index]!;
    prepared.isParsed = true;
    prepared.entry.parameterTypes = types;
  }

  onRowDescription(buffer: Buffer, start: number, end: number): void {
    this.prepared[this.index]!.description = Buffer.from(buffer.subarray(start, end));
  }

  onDataRow(buffer: Buffer, start: number, end: number): void {
    if (this.muted) return;
    if (!this.#isDescribed) this.#describe(this.index);
    this.#steps[this.index]!.onDataRow!(buffer, start, end);
  }

  onCommandComplete(tag: string): void {
    // What comes next belongs to the next statement, whether anybody listens or not.
    const index = this.index++;
    if (this.muted) return;
    if (!this.#isDescribed) this.#describe(index);
    this.#isDescribed = false;
    this.#steps[index]!.onComplete(tag);
  }

  onError(error: ServerError): void {
    this.#error = error;
  }

  onReady(_status: TransactionStatus): void {
    this.#owner.onAnswered(this, this.#error);
  }

  onClose(error: Error): void {
    this.#owner.onLost(this, this.#error ?? error);
  }

  /** A statement that the session knew already is not described again: its description is at hand. */
  #describe(index: number): void {
    this.#isDescribed = true;
    const { description } = this.prepared[index]!;
    if (description) this.#steps[index]!.onRowDescription?.(description, 0, description.length);
  }
}
