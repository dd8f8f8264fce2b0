/** In charge of an answer that is JSON already. */
export interface EncodedAnswer {
  chunks: Buffer[];
  byteLength: number;
}

/** Below this, copying costs less than handing the operating system one piece more. */
const joinBelowBytes = 64 * 1024;

export function encodedAnswer(chunks: Buffer[]): EncodedAnswer {
  const byteLength = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const joined = chunks.length > 1 && byteLength < joinBelowBytes;
  return { chunks: joined ? [Buffer.concat(chunks, byteLength)] : chunks, byteLength };
}
