/**
 * In charge of reading on what a refused client is still sending. Closing a connection with unread bytes resets it, and
 * the reset overtakes the answer: the client would see a broken pipe instead of why it was refused.
 */
import type { IncomingMessage } from "node:http";

/** Whoever needs longer to stop sending is not worth the connection. */
const patienceMs = 5_000;

/** Calls back when the body has come to its end, been given up, or taken too long; at once when nothing is to come. */
export function readOn(request: IncomingMessage, done: () => void): void {
  if (!hasMore(request)) {
    done();
    return;
  }
  const stop = () => {
    clearTimeout(timer);
    request.off("end", stop).off("close", stop);
    done();
  };
  const timer = setTimeout(stop, patienceMs);
  request.once("end", stop).once("close", stop).resume();
}

function hasMore({ complete, readableEnded, destroyed, headers }: IncomingMessage): boolean {
  if (complete || readableEnded || destroyed) return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
