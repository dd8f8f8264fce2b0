/** In charge of one statement's result in the manner of the Neon serverless driver: from the rows to the JSON. */
import type { Step } from "../batch-exchange.ts";
import { type AnswerBudget, JsonWriter } from "../json-writer.ts";
import { type ResultShape, writeRow } from "../result-shape.ts";
import type { ResultShapes } from "../result-shapes.ts";

const comma = 0x2c;

export class NeonResultStep implements Step {
  readonly #shapes: ResultShapes;
  readonly #rowsAsArrays: boolean;
  readonly #budget: AnswerBudget;
  readonly #out: JsonWriter;
  #shape: ResultShape | undefined;
  /** A result with types that the catalog does not know yet is kept as it came. */
  #held: { description: Buffer; rows: Buffer[] } | undefined;
  #tag = "";
  #isFirstRow = true;
  /** By `performance.now()`; 0 before the answer is whole. */
  completedAt = 0;

  constructor(shapes: ResultShapes, budget: AnswerBudget, rowsAsArrays: boolean) {
    this.#shapes = shapes;
    this.#rowsAsArrays = rowsAsArrays;
    this.#budget = budget;
    this.#out = new JsonWriter(budget);
  }

  onRowDescription(buffer: Buffer, start: number, end: number): void {
    this.#shape = this.#shapes.find(buffer, start, end, this.#rowsAsArrays);
    if (this.#shape) this.#out.text('{"rows":[');
    else this.#held = { description: Buffer.from(buffer.subarray(start, end)), rows: [] };
  }

  onDataRow(buffer: Buffer, start: number, end: number): void {
    if (this.#held) {
      this.#budget.keep(end - start);
      this.#held.rows.push(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    if (this.#isFirstRow) this.#isFirstRow = false;
    else this.#out.byte(comma);
    writeRow(this.#out, this.#shape!, buffer, start, end);
  }

  onComplete(tag: string): void {
    this.#tag = tag;
    this.completedAt = performance.now();
  }

  /** Rows that were returned or changed. */
  get rowCount(): number {
    return Number(this.#tag.slice(this.#tag.lastIndexOf(" ") + 1)) || 0;
  }

  /** Body of the RowDescription whose types have to be learnt before `finish`. */
  get heldDescription(): Buffer | undefined {
    return this.#held?.description;
  }

  finish(): Buffer[] {
    this.#budget.settle();
    this.#encodeHeld();
    const command = JSON.stringify(this.#tag.split(" ", 1)[0]);
    // `INSERT 0 2`, `SELECT 5`; `CREATE TABLE` counts nothing, which is not 0.
    const count = / (\d+)$/.exec(this.#tag)?.[1] ?? "null";
    const rest = `"command":${command},"rowCount":${count},"rowAsArray":${this.#rowsAsArrays}}`;
    if (this.#shape) this.#out.text(`],"fields":${this.#shape.fieldsJson},${rest}`);
    else this.#out.text(`{"rows":[],"fields":[],${rest}`);
    return this.#out.finish();
  }

  #encodeHeld(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.onRowDescription(held.description, 0, held.description.length);
    for (const row of held.rows) this.onDataRow(row, 0, row.length);
  }
}
