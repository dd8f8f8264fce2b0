/** In charge of what is the same for all rows of a result: keys, encoders, and the `fields` of the answer. */
import type { QueryField } from "@postern/sdk/protocol";
import type { ColumnDescription } from "../postgres/wire/row-description.ts";
import type { DataType } from "./data-type.ts";
import { worstGrowth } from "./encode-text.ts";
import { nullJson, type ValueEncoder } from "./encode-value.ts";
import type { JsonWriter } from "./json-writer.ts";
import { formOf, type ValueForm, wordsOf, writeSmallRow } from "./write-small-row.ts";

export interface ColumnEncoder {
  /** What stands before the value: a comma, and in an object the key. Undefined: a later column has the same name. */
  before: Buffer | undefined;
  /** The same, four bytes each. */
  words: Int32Array;
  writeValue: ValueEncoder;
  form: ValueForm;
}

export interface ResultShape {
  /** `[{"name":…}]` */
  fieldsJson: string;
  open: number;
  close: number;
  columns: ColumnEncoder[];
  /** Bytes of a row's JSON that are not its values. */
  frameBytes: number;
  /** How long the last answer of this shape was. */
  lastBytes: number;
}

const noWords = new Int32Array(0);

export function resultShape(
  columns: readonly ColumnDescription[],
  types: readonly DataType[],
  rowsAsArrays: boolean,
): ResultShape {
  const fields = columns.map(
    (column, index): QueryField => ({
      name: column.name,
      type_oid: column.typeOid,
      type: types[index]!.name,
    }),
  );
  // JSON wants each key once: of two columns with one name, the later is the one that an object would keep.
  const isShown = (index: number) =>
    rowsAsArrays || !columns.some((other, later) => later > index && other.name === columns[index]!.name);
  let isFirst = true;
  let frameBytes = 2;
  const encoders = columns.map(({ name }, index): ColumnEncoder => {
    const { writeValue } = types[index]!;
    const form = formOf(writeValue);
    if (!isShown(index)) return { before: undefined, words: noWords, writeValue, form };
    const key = rowsAsArrays ? "" : `${JSON.stringify(name)}:`;
    const before = Buffer.from(isFirst ? key : `,${key}`);
    isFirst = false;
    // Quotes, or what a NULL or a boolean is longer in JSON.
    frameBytes += before.length + 5;
    return { before, words: wordsOf(before), writeValue, form };
  });
  return {
    fieldsJson: JSON.stringify(fields),
    open: rowsAsArrays ? 0x5b : 0x7b,
    close: rowsAsArrays ? 0x5d : 0x7d,
    columns: encoders,
    frameBytes,
    lastBytes: 0,
  };
}

/** What is reserved in one piece is kept far below what a chunk holds. */
const smallBytes = 16 * 1024;

/** Turns the body of a DataRow, `row[start, end)`, into a JSON object or array. */
export function writeRow(out: JsonWriter, shape: ResultShape, row: Buffer, start: number, end: number): void {
  const mostBytes = (end - start) * worstGrowth + shape.frameBytes;
  if (mostBytes > smallBytes) writeLargeRow(out, shape, row, start);
  else writeSmallRow(out, shape, row, start, mostBytes);
}

function writeLargeRow(out: JsonWriter, shape: ResultShape, row: Buffer, start: number): void {
  out.byte(shape.open);
  let at = start + 2;
  for (const { before, writeValue } of shape.columns) {
    const length = (row[at]! << 24) | (row[at + 1]! << 16) | (row[at + 2]! << 8) | row[at + 3]!;
    at += 4;
    const end = length < 0 ? at : at + length;
    if (before !== undefined) {
      out.bytes(before);
      if (length < 0) out.bytes(nullJson);
      else writeValue(out, row, at, end);
    }
    at = end;
  }
  out.byte(shape.close);
}
