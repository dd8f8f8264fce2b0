import { describe, expect, it } from "vitest";
import { FrameReader } from "../../../../src/postgres/wire/frame-reader.ts";

const frame = (type: string, body: string | Buffer): Buffer => {
  const bytes = Buffer.from(body);
  const out = Buffer.alloc(5 + bytes.length);
  out.write(type, 0);
  out.writeUInt32BE(4 + bytes.length, 1);
  bytes.copy(out, 5);
  return out;
};

function reader() {
  const frames: string[] = [];
  const frameReader = new FrameReader((type, buffer, start, end) =>
    frames.push(`${String.fromCharCode(type)}:${buffer.toString("utf8", start, end)}`),
  );
  return { frameReader, frames };
}

const stream = Buffer.concat([frame("D", "first"), frame("1", ""), frame("E", "ümlaut"), frame("Z", "I")]);
const expected = ["D:first", "1:", "E:ümlaut", "Z:I"];

describe("FrameReader", () => {
  it("finds the same messages wherever the stream is cut in three", () => {
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const { frameReader, frames } = reader();
        for (const part of [
          stream.subarray(0, first),
          stream.subarray(first, second),
          stream.subarray(second),
        ]) {
          frameReader.push(part, part.length);
        }
        expect(frames, `cut at ${first} and ${second}`).toEqual(expected);
      }
    }
  });

  it("finds them when they come byte by byte in one buffer that is used again", () => {
    const { frameReader, frames } = reader();
    const shared = Buffer.alloc(1);
    for (const byte of stream) {
      shared[0] = byte;
      frameReader.push(shared, 1);
    }
    expect(frames).toEqual(expected);
  });

  it("reads no further than the length it is given", () => {
    const { frameReader, frames } = reader();
    frameReader.push(Buffer.concat([frame("D", "a"), Buffer.from("rubbish")]), 6);
    expect(frames).toEqual(["D:a"]);
  });

  it("puts a message together that is larger than any piece", () => {
    const { frameReader, frames } = reader();
    const large = frame("D", "x".repeat(300_000));
    for (let at = 0; at < large.length; at += 1000) {
      const piece = large.subarray(at, at + 1000);
      frameReader.push(piece, piece.length);
    }
    expect(frames).toEqual([`D:${"x".repeat(300_000)}`]);
  });

  it("tells how large a message will be before it has come", () => {
    const { frameReader } = reader();
    const header = Buffer.from([0x44, 0x3f, 0xff, 0xff, 0xff, 1, 2, 3]);
    expect(frameReader.announcedBytes).toBe(0);
    frameReader.push(header, header.length);
    expect(frameReader.announcedBytes).toBe(0x3fffffff + 1);
  });
});
