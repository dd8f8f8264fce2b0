/**
 * In charge of one statement's result as lines of JSON that leave as they come. When whoever reads them has enough for
 * now, Postgres is not read either, so that nobody keeps more of the answer than a few pieces of it.
 */
import { posternError } from "../base/error.ts";
import type { WireConnection } from "../postgres/wire/wire-connection.ts";
import type { AnswerSink } from "./answer-sink.ts";
import type { Step } from "./batch-exchange.ts";
import { AnswerBudget, JsonWriter } from "./json-writer.ts";
import { statementTimedOut } from "./query-error.ts";
import { type ResultShape, writeRow } from "./result-shape.ts";
import type { ResultShapes } from "./result-shapes.ts";

export interface StreamOptions {
  shapes: ResultShapes;
  rowsAsArrays: boolean;
  sink: AnswerSink;
  /** Longest that the reader may take nothing, and that Postgres may send nothing. */
  stallMs: number;
  silenceMs: number;
  /** Looks up the types of a result that the catalog does not know yet. */
  learn(description: Buffer): Promise<void>;
}

/** Pieces of this size cost little each, and a few of them are little to keep. */
const pieceBytes = 64 * 1024;

export class StreamStep implements Step {
  readonly #options: StreamOptions;
  #out = new JsonWriter(unlimited(), pieceBytes);
  #shape: ResultShape | undefined;
  /** Rows that came in one read with a description whose types have to be learnt first. */
  #held: { description: Buffer; rows: Buffer[] } | undefined;
  #learning: Promise<void> | undefined;
  #connection: Pick<WireConnection, "pause" | "resume"> | undefined;
  #abandon: ((error: Error) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #progressAt = performance.now();
  #isSinkFull = false;
  #isFlushPlanned = false;
  #isOver = false;
  #count = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    options.sink.onDrain = () => this.#onDrain();
  }

  /** The statement runs here now. `abandon` ends it. */
  begin(connection: Pick<WireConnection, "pause" | "resume">, abandon: (error: Error) => void): void {
    this.#connection = connection;
    this.#abandon = abandon;
    this.#progressAt = performance.now();
    const { stallMs, silenceMs } = this.#options;
    this.#timer = setInterval(() => this.#checkProgress(), Math.min(stallMs, silenceMs, 4_000) / 4);
  }

  onRowDescription(buffer: Buffer, start: number, end: number): void {
    const { shapes, rowsAsArrays, learn } = this.#options;
    this.#shape = shapes.find(buffer, start, end, rowsAsArrays);
    if (this.#shape) {
      this.#writeFields();
      return;
    }
    const description = Buffer.from(buffer.subarray(start, end));
    this.#held = { description, rows: [] };
    this.#connection?.pause();
    this.#learning = learn(description).then(() => this.#takeUpHeld());
    this.#learning.catch((error: Error) => this.#abandon?.(error));
  }

  onDataRow(buffer: Buffer, start: number, end: number): void {
    if (this.#held) {
      this.#held.rows.push(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    this.#out.text('{"row":');
    writeRow(this.#out, this.#shape!, buffer, start, end);
    this.#out.text("}\n");
    if (this.#out.length >= pieceBytes) this.#flush();
    else this.#planFlush();
  }

  onComplete(tag: string): void {
    this.#count = Number(tag.slice(tag.lastIndexOf(" ") + 1)) || 0;
    this.#release();
  }

  onFailure(): void {
    this.#release();
  }

  /** What is left, and the last line. */
  async finish(): Promise<void> {
    await this.#learning;
    if (!this.#shape) this.#out.text('{"fields":[]}\n');
    this.#out.text(`{"row_count":${this.#count}}\n`);
    this.#flush();
    this.end();
  }

  /** Nothing more leaves. */
  end(): void {
    this.#release();
    this.#isOver = true;
    this.#options.sink.onDrain = undefined;
  }

  #writeFields(): void {
    this.#out.text(`{"fields":${this.#shape!.fieldsJson}}\n`);
    this.#planFlush();
  }

  #takeUpHeld(): void {
    const { description, rows } = this.#held!;
    this.#held = undefined;
    this.onRowDescription(description, 0, description.length);
    for (const row of rows) this.onDataRow(row, 0, row.length);
    if (!this.#isSinkFull) this.#connection?.resume();
  }

  /** Soon, behind whatever else has come by then: a row that comes alone does not wait for the next one. */
  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    setImmediate(() => {
      this.#isFlushPlanned = false;
      if (!this.#isOver) this.#flush();
    });
  }

  #flush(): void {
    if (this.#out.length === 0) return;
    this.#progressAt = performance.now();
    let takesMore = true;
    for (const piece of this.#out.finish()) takesMore = this.#options.sink.write(piece);
    this.#out = new JsonWriter(unlimited(), pieceBytes);
    if (takesMore || this.#isSinkFull) return;
    this.#isSinkFull = true;
    this.#connection?.pause();
  }

  #onDrain(): void {
    this.#isSinkFull = false;
    this.#progressAt = performance.now();
    if (!this.#held) this.#connection?.resume();
  }

  #checkProgress(): void {
    const { stallMs, silenceMs } = this.#options;
    const passedMs = performance.now() - this.#progressAt;
    if (this.#isSinkFull && passedMs > stallMs) this.#abandon?.(stalled(stallMs));
    else if (!this.#isSinkFull && passedMs > silenceMs) this.#abandon?.(statementTimedOut(silenceMs));
  }

  /** Postgres has said all: the session belongs to others again, who must not find it paused. */
  #release(): void {
    clearInterval(this.#timer);
    this.#connection?.resume();
    this.#connection = undefined;
    this.#abandon = undefined;
  }
}

/** Each row has its limit where it comes in; of rows there may be any number. */
const unlimited = () => new AnswerBudget(Number.POSITIVE_INFINITY);

const stalled = (stallMs: number) =>
  posternError(
    "Y1030",
    `Nobody has read the answer for ${stallMs / 1000} s, so its statement was canceled.`,
    {
      hint: "Read the answer as it comes, or ask for less of it at a time.",
    },
  );
