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

/** `null`, `true` and `fals`, as four bytes in one number. */
const nullWord = 0x6c6c756e;
const trueWord = 0x65757274;
const falseWord = 0x736c6166;

/** Bytes in words of four; the last is filled up with zeros. */
export function wordsOf(bytes: Buffer): Int32Array {
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  const view = new DataView(words.buffer);
  for (const [index, byte] of bytes.entries()) view.setUint8(index, byte);
  return words.map((_word, index) => view.getInt32(index * 4, true));
}

/** Words are written whole, so up to three bytes behind a value are touched before the next one covers them. */
const spareBytes = 4;

/** `mostBytes`: more than its JSON can have, unless it holds values of other forms. */
export function writeSmallRow(
  out: JsonWriter,
  shape: ResultShape,
  row: Buffer,
  start: number,
  mostBytes: number,
): void {
  const roomBytes = mostBytes + spareBytes;
  out.reserve(roomBytes);
  const source = sources.of(row);
  let { chunk, offset } = out;
  let target = targets.of(chunk);
  chunk[offset++] = shape.open;
  let at = start + 2;
  const { columns } = shape;
  for (let index = 0; index < columns.length; index++) {
    const { before, words, form, writeValue } = columns[index]!;
    const length = source.getInt32(at);
    at += 4;
    const end = length < 0 ? at : at + length;
    if (before === undefined) {
      at = end;
      continue;
    }
    for (let word = 0; word < words.length; word++) target.setInt32(offset + word * 4, words[word]!, true);
    offset += before.length;
    if (length < 0) {
      target.setInt32(offset, nullWord, true);
      offset += 4;
    } else if (form === 0 || (form === 3 && isNumber(row, at))) {
      copyVerbatim(target, offset, source, at, end);
      offset += length;
    } else if (form === 1 || form === 3) {
      chunk[offset++] = 0x22;
      const plainBytes = copyPlainWords(target, offset, source, at, end);
      offset = copyEscaped(chunk, offset + plainBytes, row, at + plainBytes, end);
      chunk[offset++] = 0x22;
    } else if (form === 2) {
      const isTrue = row[at] === 0x74;
      target.setInt32(offset, isTrue ? trueWord : falseWord, true);
      offset += 4;
      if (!isTrue) chunk[offset++] = 0x65;
    } else {
      out.offset = offset;
      writeValue(out, row, at, end);
      // It has taken room as it needed, perhaps in another chunk.
      out.reserve(roomBytes);
      ({ chunk, offset } = out);
      target = targets.of(chunk);
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

/** By words; what the last one has too much is written over by what comes next. */
function copyVerbatim(target: DataView, offset: number, source: DataView, start: number, end: number): void {
  const lastWord = source.byteLength - 4;
  let at = start;
  for (; at < end && at <= lastWord; at += 4) {
    target.setInt32(offset + at - start, source.getInt32(at, true), true);
  }
  for (; at < end; at++) target.setUint8(offset + at - start, source.getUint8(at));
}

/** Up to the first four bytes of which one may have to be escaped. Returns how many it has copied. */
function copyPlainWords(
  target: DataView,
  offset: number,
  source: DataView,
  start: number,
  end: number,
): number {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = source.getInt32(at, true);
    // The highest bit of a byte stays set where it is below 0x20, or zero after the exclusive or: a quote, a backslash.
    const quotes = word ^ 0x22222222;
    const backslashes = word ^ 0x5c5c5c5c;
    const marks =
      ((word - 0x20202020) & ~word) |
      ((quotes - 0x01010101) & ~quotes) |
      ((backslashes - 0x01010101) & ~backslashes);
    if ((marks & 0x80808080) !== 0) break;
    target.setInt32(offset + at - start, word, true);
  }
  return at - start;
}

/** The view of the buffer that was used last: rows come in one buffer and go to few. */
class LastView {
  #bytes: Buffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));

  of(bytes: Buffer): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    return this.#view;
  }
}

const sources = new LastView();
const targets = new LastView();
