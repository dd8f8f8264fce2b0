/** In charge of turning one value from Postgres's text form into JSON, by its type. */
import { writeText } from "./encode-text.ts";
import type { JsonWriter } from "./json-writer.ts";

/** Writes the value whose text is `source[start, end)`; never called for NULL. */
export type ValueEncoder = (out: JsonWriter, source: Buffer, start: number, end: number) => void;

export const nullJson = Buffer.from("null");
const trueJson = Buffer.from("true");
const falseJson = Buffer.from("false");

/** Postgres writes booleans as t and f. */
export const writeBoolean: ValueEncoder = (out, source, start) =>
  out.bytes(source[start] === 0x74 ? trueJson : falseJson);

/** Integers that a double holds exactly, json and jsonb: the text is JSON as it stands. */
export const writeVerbatim: ValueEncoder = (out, source, start, end) => out.bytes(source, start, end);

/** A column of json keeps the line breaks between its parts, which would break the lines of a streamed answer. */
export const writeJson: ValueEncoder = (out, source, start, end) => {
  const text = source.subarray(start, end);
  if (!text.includes(0x0a) && !text.includes(0x0d)) {
    out.bytes(source, start, end);
    return;
  }
  // Within its texts they are escaped, so that these are only blanks.
  const line = Buffer.from(text.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte)));
  out.bytes(line, 0, line.length);
};

/** Floats in the shortest form that reads back the same; NaN and the infinities have no JSON number. */
export const writeFloat: ValueEncoder = (out, source, start, end) => {
  const first = source[start] === 0x2d ? source[start + 1]! : source[start]!;
  if (first >= 0x30 && first <= 0x39) out.bytes(source, start, end);
  else writeText(out, source, start, end);
};

export { writeText };
