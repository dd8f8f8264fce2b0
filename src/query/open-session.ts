/** In charge of opening sessions for the data plane, with patience for a server that is just starting. */
import { sleep } from "../base/clock.ts";
import { hasCode, messageOf, posternError } from "../base/error.ts";
import { type ConnectionOptions, openConnection } from "../postgres/wire/open-connection.ts";
import type { WireConnection } from "../postgres/wire/wire-connection.ts";

const retryEveryMs = 50;

/** No socket, nobody behind it, starting up or shutting down, no connection left: may be over in a moment. */
const passing = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "EAGAIN", "57P03", "53300"];

/** Nothing has been asked yet, so whoever hung up in the middle of the log-in may be tried again, too. */
const isPassing = (error: unknown): boolean =>
  hasCode(error, ...passing) || /closed the connection/.test(messageOf(error));

export interface SessionOptions extends ConnectionOptions {
  /** See DatabaseAddress. */
  startsWithinMs?: number;
}

/** @throws Y4001 when there is still no session after `patienceMs`, or Postgres refuses for good. */
export async function openSession(
  { startsWithinMs = 0, ...options }: SessionOptions,
  patienceMs: number,
  signal: AbortSignal,
): Promise<WireConnection> {
  const deadline = performance.now() + patienceMs + startsWithinMs;
  const timeoutMs = options.timeoutMs + startsWithinMs;
  for (;;) {
    try {
      return await openConnection({ ...options, timeoutMs });
    } catch (error) {
      if (isPassing(error) && performance.now() < deadline && !signal.aborted) {
        await sleep(retryEveryMs, signal);
        continue;
      }
      if (hasCode(error, "Y4001")) throw error;
      throw posternError("Y4001", "The database's server cannot be reached.", {
        detail: messageOf(error),
        hint: "See `postern status`; a server that died is started again within seconds.",
        cause: error,
      });
    }
  }
}
