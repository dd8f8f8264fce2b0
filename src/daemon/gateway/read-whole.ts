/** In charge of reading an answer that is known to be small. */
import type { Readable } from "node:stream";

const mostBytes = 16 * 1024 * 1024;

export async function readWhole(answer: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw new Error("The answer is too long.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
