/** In charge of reading the few messages that precede a session, each to its last byte and not one further. */
import type { Readable } from "node:stream";

export class StreamEnded extends Error {
  constructor() {
    super("The stream ended before the message did.");
  }
}

/** What the other side sends is not Postgres's protocol, or more than the protocol needs. */
export class ProtocolViolation extends Error {}

export interface Message {
  /** 0 for messages without a type: those before a session is open. */
  type: number;
  /** The whole message, as it came. */
  bytes: Buffer;
  /** What stands behind type and length. */
  body: Buffer;
}

/** @throws ProtocolViolation StreamEnded */
export async function readMessage(stream: Readable, limit: number): Promise<Message> {
  const head = await readExactly(stream, 5);
  const body = await readExactly(stream, bodyBytes(head.readUInt32BE(1), limit));
  return { type: head[0]!, bytes: Buffer.concat([head, body]), body };
}

/** @throws ProtocolViolation StreamEnded */
export async function readUntypedMessage(stream: Readable, limit: number): Promise<Message> {
  const head = await readExactly(stream, 4);
  const body = await readExactly(stream, bodyBytes(head.readUInt32BE(0), limit));
  return { type: 0, bytes: Buffer.concat([head, body]), body };
}

function bodyBytes(length: number, limit: number): number {
  if (length < 4 || length > limit)
    throw new ProtocolViolation(`A message of ${length} bytes is not accepted here.`);
  return length - 4;
}

function readExactly(stream: Readable, bytes: number): Promise<Buffer> {
  if (bytes === 0) return Promise.resolve(Buffer.alloc(0));
  return new Promise((resolve, reject) => {
    const stop = () => stream.off("readable", attempt).off("end", fail).off("close", fail).off("error", fail);
    const fail = () => {
      stop();
      reject(new StreamEnded());
    };
    const attempt = () => {
      const chunk = stream.read(bytes) as Buffer | null;
      if (chunk === null) return;
      if (chunk.length < bytes) return fail();
      stop();
      resolve(chunk);
    };
    if (stream.readableEnded || stream.destroyed) return fail();
    stream.on("readable", attempt).once("end", fail).once("close", fail).once("error", fail);
    attempt();
  });
}
