/**
 * In charge of the rows that most results consist of: small ones, of text, numbers and booleans. There is room for all of
 * a row before it is begun, so its bytes are written one behind the other, without a look at anything else.
 */
import { copyEscaped } from "./encode-text.ts";
import { type ValueEncoder, writeBoolean, writeFloat, writeText, writeVerbatim } from "./encode-value.ts";
import type { JsonWriter } from "./json-writer.ts";
import type { ResultShape } from "./result-shape.ts";

/** How a value is written here; 4: by its own encoder. */
export type ValueForm = 0 | 1 | 2 | 3 | 4;

const forms = new Map<ValueEncoder, ValueForm>([
  [writeVerbatim, 0],
  [writeText, 1],
  [writeBoolean, 2],
  [writeFloat, 3],
]);

export const formOf = (writeValue: ValueEncoder): ValueForm => forms.get(writeValue) ?? 4;

const trueJson = Buffer.from("true");
const falseJson = Buffer.from("false");

/** `mostBytes`: more than its JSON can have, unless it holds values of other forms. */
export function writeSmallRow(
  out: JsonWriter,
  shape: ResultShape,
  row: Buffer,
  start: number,
  mostBytes: number,
): void {
  out.reserve(mostBytes);
  let { chunk, offset } = out;
  chunk[offset++] = shape.open;
  let at = start + 2;
  const { columns } = shape;
  for (let index = 0; index < columns.length; index++) {
    const { before, form, writeValue } = columns[index]!;
    const length = (row[at]! << 24) | (row[at + 1]! << 16) | (row[at + 2]! << 8) | row[at + 3]!;
    at += 4;
    const end = length < 0 ? at : at + length;
    if (before === undefined) {
      at = end;
      continue;
    }
    for (let byte = 0; byte < before.length; byte++) chunk[offset++] = before[byte]!;
    if (length < 0) {
      chunk[offset] = 0x6e; // null
      chunk[offset + 1] = 0x75;
      chunk[offset + 2] = 0x6c;
      chunk[offset + 3] = 0x6c;
      offset += 4;
    } else if (form === 0 || (form === 3 && isNumber(row, at))) {
      while (at < end) chunk[offset++] = row[at++]!;
    } else if (form === 1 || form === 3) {
      chunk[offset++] = 0x22;
      offset = copyEscaped(chunk, offset, row, at, end);
      chunk[offset++] = 0x22;
    } else if (form === 2) {
      const json = row[at] === 0x74 ? trueJson : falseJson;
      for (let byte = 0; byte < json.length; byte++) chunk[offset++] = json[byte]!;
    } else {
      out.offset = offset;
      writeValue(out, row, at, end);
      // It has taken room as it needed, perhaps in another chunk.
      out.reserve(mostBytes);
      ({ chunk, offset } = out);
    }
    at = end;
  }
  chunk[offset++] = shape.close;
  out.offset = offset;
}

/** Not NaN, Infinity or -Infinity. */
function isNumber(row: Buffer, at: number): boolean {
  const first = row[at] === 0x2d ? row[at + 1]! : row[at]!;
  return first >= 0x30 && first <= 0x39;
}
