/** In charge of what is the same for all rows of a result: keys, encoders, and the `fields` of the answer. */
import type { QueryField } from "@postern/sdk/protocol";
import type { ColumnDescription } from "../postgres/wire/row-description.ts";
import type { DataType } from "./data-type.ts";
import { nullJson, type ValueEncoder } from "./encode-value.ts";
import type { JsonWriter } from "./json-writer.ts";

interface ColumnEncoder {
  /** What stands before the value: a comma, and in an object the key. Undefined: a later column has the same name. */
  before: Buffer | undefined;
  writeValue: ValueEncoder;
}

export interface ResultShape {
  /** `[{"name":…}]` */
  fieldsJson: string;
  open: number;
  close: number;
  columns: ColumnEncoder[];
}

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
  return {
    fieldsJson: JSON.stringify(fields),
    open: rowsAsArrays ? 0x5b : 0x7b,
    close: rowsAsArrays ? 0x5d : 0x7d,
    columns: columns.map(({ name }, index) => {
      const writeValue = types[index]!.writeValue;
      if (!isShown(index)) return { before: undefined, writeValue };
      const key = rowsAsArrays ? "" : `${JSON.stringify(name)}:`;
      const before = Buffer.from(isFirst ? key : `,${key}`);
      isFirst = false;
      return { before, writeValue };
    }),
  };
}

/** Turns the body of a DataRow into a JSON object or array. */
export function writeRow(out: JsonWriter, shape: ResultShape, row: Buffer, start: number): void {
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
