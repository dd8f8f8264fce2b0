/** In charge of turning Postgres's text into a JSON string, byte by byte. */
import type { JsonWriter } from "./json-writer.ts";

/** How each byte is escaped: 0 as it is, 1 as \u00XX, else by a backslash and this character. */
const escapes = new Uint8Array(256).fill(1, 0, 0x20);
escapes[0x22] = 0x22;
escapes[0x5c] = 0x5c;
escapes[0x08] = 0x62;
escapes[0x09] = 0x74;
escapes[0x0a] = 0x6e;
escapes[0x0c] = 0x66;
escapes[0x0d] = 0x72;

/** The most bytes that one can become. */
export const worstGrowth = 6;

const hexDigits = Buffer.from("0123456789abcdef");
const pieceBytes = 4096;

/** UTF-8 above ASCII passes as it is, so a piece may end in the midst of a character. */
export function writeText(out: JsonWriter, source: Buffer, start: number, end: number): void {
  out.byte(0x22);
  for (let from = start; from < end; from += pieceBytes) {
    writePiece(out, source, from, Math.min(end, from + pieceBytes));
  }
  out.byte(0x22);
}

function writePiece(out: JsonWriter, source: Buffer, start: number, end: number): void {
  out.reserve((end - start) * worstGrowth);
  out.offset = copyEscaped(out.chunk, out.offset, source, start, end);
}

/** Writes to `chunk`, in which there is room, and returns how far. */
export function copyEscaped(
  chunk: Buffer,
  offset: number,
  source: Buffer,
  start: number,
  end: number,
): number {
  for (let index = start; index < end; index++) {
    const byte = source[index]!;
    if (escapes[byte] === 0) chunk[offset++] = byte;
    else offset = writeEscape(chunk, offset, byte);
  }
  return offset;
}

function writeEscape(chunk: Buffer, offset: number, byte: number): number {
  const mark = escapes[byte]!;
  chunk[offset] = 0x5c;
  if (mark !== 1) {
    chunk[offset + 1] = mark;
    return offset + 2;
  }
  chunk[offset + 1] = 0x75;
  chunk[offset + 2] = 0x30;
  chunk[offset + 3] = 0x30;
  chunk[offset + 4] = hexDigits[byte >> 4]!;
  chunk[offset + 5] = hexDigits[byte & 15]!;
  return offset + 6;
}
