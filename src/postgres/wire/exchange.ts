/** In charge of naming what listens to Postgres's answer to one batch, from its first message to ReadyForQuery. */
import type { ServerError } from "./server-error.ts";

/** `I` idle, `T` in a transaction, `E` in a failed transaction. */
export type TransactionStatus = "I" | "T" | "E";

/**
 * One batch's listener. Bodies are handed over where they lie in the connection's read buffer: what is kept must be
 * copied. A listener that throws ends the connection; `onClose` then gets what was thrown.
 */
export interface Exchange {
  /** Most bytes that may come in answer; one more ends the connection with Y1008. */
  readonly byteLimit: number;
  /** Most bytes that one message may announce; `byteLimit` where it is not said. */
  readonly messageByteLimit?: number;
  onParameterTypes?(types: number[]): void;
  onRowDescription?(buffer: Buffer, start: number, end: number): void;
  /** Instead of a row description, where the statement returns no rows. */
  onNoData?(): void;
  onDataRow?(buffer: Buffer, start: number, end: number): void;
  /** `tag` for example `INSERT 0 1`. */
  onCommandComplete?(tag: string): void;
  onEmptyQuery?(): void;
  /** What a statement says on its way, with the same fields as an error. */
  onNotice?(buffer: Buffer, start: number, end: number): void;
  /** The rest of the batch is skipped; ReadyForQuery still follows, unless the connection ends. */
  onError(error: ServerError): void;
  /** The end: the last call. */
  onReady(status: TransactionStatus): void;
  /** The connection ended before ReadyForQuery: the last call. */
  onClose(error: Error): void;
}
