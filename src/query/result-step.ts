/** In charge of one statement's result: from the rows as they come in to the JSON that is answered. */
import type { Step } from "./batch-exchange.ts";
import { type AnswerBudget, JsonWriter } from "./json-writer.ts";
import { type ResultShape, writeRow } from "./result-shape.ts";
import type { ResultShapes } from "./result-shapes.ts";

/** Name of the member that counts rows: `/query` counts what it returns, the others what they changed. */
export type CountName = "row_count" | "rows_affected";

export interface ResultOptions {
  shapes: ResultShapes;
  budget: AnswerBudget;
  rowsAsArrays: boolean;
}

export class ResultStep implements Step {
  readonly #options: ResultOptions;
  readonly #out: JsonWriter;
  #shape: ResultShape | undefined;
  /** A result with types that the catalog does not know yet is kept as it came. */
  #held: { description: Buffer; rows: Buffer[] } | undefined;
  #count = 0;
  #isFirstRow = true;
  /** By `performance.now()`; 0 before the answer is whole. */
  completedAt = 0;

  constructor(options: ResultOptions) {
    this.#options = options;
    this.#out = new JsonWriter(options.budget);
  }

  onRowDescription(buffer: Buffer, start: number, end: number): void {
    const { shapes, rowsAsArrays } = this.#options;
    this.#shape = shapes.find(buffer, start, end, rowsAsArrays);
    if (this.#shape) {
      this.#out.expectedBytes = this.#shape.lastBytes;
      this.#out.text('{"rows":[');
    } else this.#held = { description: Buffer.from(buffer.subarray(start, end)), rows: [] };
  }

  onDataRow(buffer: Buffer, start: number, end: number): void {
    if (this.#held) {
      this.#options.budget.keep(end - start);
      this.#held.rows.push(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    if (this.#isFirstRow) this.#isFirstRow = false;
    else this.#out.byte(0x2c);
    writeRow(this.#out, this.#shape!, buffer, start, end);
  }

  /** `INSERT 0 2`, `SELECT 5`, `CREATE TABLE`: the number at the end, if there is one. */
  onComplete(tag: string): void {
    this.#count = Number(tag.slice(tag.lastIndexOf(" ") + 1)) || 0;
    this.completedAt = performance.now();
  }

  /** Rows that were returned or changed. */
  get rowCount(): number {
    return this.#count;
  }

  /** Body of the RowDescription whose types have to be learnt before `finish`. */
  get heldDescription(): Buffer | undefined {
    return this.#held?.description;
  }

  /** `alwaysRows`: a statement that returns none gets an empty list of rows. */
  finish(countName: CountName, alwaysRows: boolean): Buffer[] {
    this.#options.budget.settle();
    this.#encodeHeld();
    const count = `"${countName}":${this.#count}}`;
    if (this.#shape) this.#out.text(`],"fields":${this.#shape.fieldsJson},${count}`);
    else this.#out.text(alwaysRows ? `{"rows":[],"fields":[],${count}` : `{${count}`);
    const chunks = this.#out.finish();
    // A little more, for the next may have a longer name in it.
    if (this.#shape) this.#shape.lastBytes = Math.ceil(this.#out.byteLength * 1.05);
    return chunks;
  }

  /** The rows and nothing else, as an array. */
  finishRows(): Buffer[] {
    this.#options.budget.settle();
    this.#encodeHeld();
    if (!this.#shape) return [Buffer.from("[]")];
    this.#out.text("]");
    const [first, ...others] = this.#out.finish();
    return [first!.subarray('{"rows":'.length), ...others];
  }

  #encodeHeld(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.onRowDescription(held.description, 0, held.description.length);
    for (const row of held.rows) this.onDataRow(row, 0, row.length);
  }
}
