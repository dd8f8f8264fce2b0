/** In charge of turning Postgres's array literals, `{1,NULL,{"a \" b"}}`, into JSON arrays. */
import { nullJson, type ValueEncoder } from "./encode-value.ts";
import type { JsonWriter } from "./json-writer.ts";

const openBrace = 0x7b;
const closeBrace = 0x7d;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** `delimiter` is the comma for every type but box. */
export function arrayEncoder(writeElement: ValueEncoder, delimiter: string): ValueEncoder {
  const delimiterByte = delimiter.charCodeAt(0);
  return (out, source, start, end) => {
    // Bounds other than 1 stand in front, `[0:2]={…}`; JSON has no place for them.
    let at = source[start] === openBrace ? start : source.indexOf(openBrace, start);
    while (at < end) {
      const byte = source[at]!;
      if (byte === openBrace) out.byte(0x5b);
      else if (byte === closeBrace) out.byte(0x5d);
      else if (byte === delimiterByte) out.byte(comma);
      else {
        at = byte === quote ? writeQuoted(out, source, at + 1) : writeBare(out, source, at, end);
        continue;
      }
      at++;
    }
  };

  /** Writes the element and returns where it ended. */
  function writeBare(out: JsonWriter, source: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && source[at] !== delimiterByte && source[at] !== closeBrace) at++;
    if (isNull(source, start, at)) out.bytes(nullJson);
    else writeElement(out, source, start, at);
    return at;
  }

  function writeQuoted(out: JsonWriter, source: Buffer, start: number): number {
    let at = start;
    while (source[at] !== quote && source[at] !== backslash) at++;
    if (source[at] === quote) {
      writeElement(out, source, start, at);
      return at + 1;
    }
    const bytes: number[] = [];
    for (at = start; source[at] !== quote; at++) {
      if (source[at] === backslash) at++;
      bytes.push(source[at]!);
    }
    writeElement(out, Buffer.from(bytes), 0, bytes.length);
    return at + 1;
  }
}

/** Bare NULL; the text of that name is quoted. */
const isNull = (source: Buffer, start: number, end: number): boolean =>
  end - start === 4 && source[start] === 0x4e && source.toString("latin1", start, end) === "NULL";
