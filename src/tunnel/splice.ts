/** In charge of an open session: bytes both ways at the pace of the slower side, until either side ends. */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface SpliceEnd {
  /** A statement may still be running for a client that has gone. */
  isBusy: boolean;
}

/** A client that does not take what is left for it gets cut off after this long. */
const farewellMs = 30_000;

const terminate = Buffer.from([0x58, 0, 0, 0, 4]);

/** Resolves when the client or the server has gone; the client's side is then closing. */
export function splice(client: Duplex, upstream: Socket): Promise<SpliceEnd> {
  return new Promise((resolve) => {
    let isBusy = false;
    forward(client, upstream, (chunk) => {
      if (!chunk.equals(terminate)) isBusy = true;
    });
    forward(upstream, client, (chunk) => {
      if (isReadyForQuery(chunk)) isBusy = false;
    });
    const end = (end: SpliceEnd) => {
      closeGently(client);
      resolve(end);
    };
    for (const event of ["end", "close", "error"]) {
      client.once(event, () => end({ isBusy }));
      upstream.once(event, () => end({ isBusy: false }));
    }
  });
}

function forward(from: Duplex, to: Duplex, look: (chunk: Buffer) => void): void {
  from.on("data", (chunk: Buffer) => {
    look(chunk);
    if (to.write(chunk)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
}

/**
 * Does what came last from the server end with ReadyForQuery? Said no where the message is split or data looks like it,
 * which costs a needless cancel request or spares a needed one; both are harmless.
 */
const isReadyForQuery = (chunk: Buffer): boolean => {
  const at = chunk.length - 6;
  return at >= 0 && chunk[at] === 0x5a && chunk.readUInt32BE(at + 1) === 5;
};

/** What was written is sent first. */
export function closeGently(client: Duplex): void {
  if (client.destroyed || client.writableEnded) return;
  const timer = setTimeout(() => client.destroy(), farewellMs).unref();
  client.once("close", () => clearTimeout(timer));
  client.end();
  client.resume();
}
