/** In charge of cutting bytes into lines at line feeds, and nowhere else: data of COPY passes as it is. */

/** Each with its line feed, but for the last where it has none. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, undefined> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at !== -1; at = chunk.indexOf(lineFeed, from)) {
      const piece = chunk.subarray(from, at + 1);
      yield begun.length === 0 ? piece : Buffer.concat([...begun, piece]);
      begun = [];
      from = at + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (begun.length > 0) yield Buffer.concat(begun);
  return undefined;
}

const lineFeed = 10;
