/** In charge of one batch under way: each command's answer to the step that wants it, and how the batch ended. */
import { posternError } from "../base/error.ts";
import type { Exchange, TransactionStatus } from "../postgres/wire/exchange.ts";
import type { ServerError } from "../postgres/wire/server-error.ts";

/** Listens to the answer to one command of a batch. */
export interface Step {
  onRowDescription?(buffer: Buffer, start: number, end: number): void;
  onDataRow?(buffer: Buffer, start: number, end: number): void;
  onComplete(tag: string): void;
  /** Instead of `onComplete`: this command failed, or the connection ended before it was done. */
  onFailure?(): void;
}

/** BEGIN, COMMIT: nothing to hear but that it is done. */
export const silentStep: Step = { onComplete() {} };

export class BatchExchange implements Exchange {
  readonly byteLimit: number;
  readonly messageByteLimit: number;
  /** Resolves at ReadyForQuery without an error; rejects at ReadyForQuery after one, or when the connection ends. */
  readonly finished: Promise<void>;
  /** Whose turn it was when the batch failed. */
  failedStep: Step | undefined;
  /** Called at ReadyForQuery, before `finished` settles. */
  onReadyForQuery: ((status: TransactionStatus) => void) | undefined;
  onNotice: Exchange["onNotice"];
  /** Nothing more will come. */
  ended = false;
  readonly #steps: Step[] = [];
  #completed = 0;
  #error: Error | undefined;
  #describing: { types?: number[]; resolve: (types: number[] | undefined) => void } | undefined;
  #resolve!: () => void;
  #reject!: (error: Error) => void;

  constructor(byteLimit: number, messageByteLimit = byteLimit) {
    this.byteLimit = byteLimit;
    this.messageByteLimit = messageByteLimit;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Expects the answer to one more command, behind those expected so far. */
  expect(step: Step): void {
    this.#steps.push(step);
  }

  /** Expects the answer to a command that is run before the one whose turn it is. */
  expectFirst(step: Step): void {
    this.#steps.splice(this.#completed, 0, step);
  }

  /** The types of the parameters of the statement that is described next; undefined when the batch has failed. */
  parameterTypes(): Promise<number[] | undefined> {
    return new Promise((resolve) => {
      if (this.#error) resolve(undefined);
      else this.#describing = { resolve };
    });
  }

  onParameterTypes(types: number[]): void {
    if (this.#describing) this.#describing.types = types;
  }

  onRowDescription(buffer: Buffer, start: number, end: number): void {
    this.#steps[this.#completed]!.onRowDescription?.(buffer, start, end);
    this.onNoData();
  }

  /** What is said of the columns comes behind what is said of the parameters and ends the description. */
  onNoData(): void {
    if (this.#describing?.types) this.#endDescription(this.#describing.types);
  }

  onDataRow(buffer: Buffer, start: number, end: number): void {
    this.#steps[this.#completed]!.onDataRow?.(buffer, start, end);
  }

  onCommandComplete(tag: string): void {
    this.#steps[this.#completed++]!.onComplete(tag);
  }

  onEmptyQuery(): void {
    throw posternError("Y1012", "The SQL contains no statement.");
  }

  onError(error: ServerError): void {
    this.#fail(error);
  }

  onReady(status: TransactionStatus): void {
    this.ended = true;
    this.onReadyForQuery?.(status);
    if (this.#error) this.#reject(this.#error);
    else this.#resolve();
  }

  onClose(error: Error): void {
    this.ended = true;
    if (!this.#error) this.#fail(error);
    this.#reject(this.#error ?? error);
  }

  #fail(error: Error): void {
    this.#error = error;
    this.failedStep = this.#steps[this.#completed];
    this.failedStep?.onFailure?.();
    this.#endDescription(undefined);
  }

  #endDescription(types: number[] | undefined): void {
    this.#describing?.resolve(types);
    this.#describing = undefined;
  }
}
