/** In charge of saying what is to be done about a flight that shows no progress. */
import type { Flight } from "./flight.ts";

/** A flight of several that shows no progress for this long is given up: each of them is asked again, alone. */
const stuckAfterMs = 50;
/** A flight of inserts may take as long as a slow disk needs to make it last. */
const stuckInsertsAfterMs = 100;
/** Node's own watch on time comes behind Postgres's, which gives the better error. */
const graceMs = 1_000;

/**
 * - `wait`: it is well.
 * - `part`: company waits for one of them; which, cannot be seen from here. Alone, it will show.
 * - `cancel`: one of several inserts waits, and the others with it. What a flight has changed cannot be asked for elsewhere
 *   before it is known to be undone, so Postgres is told to give it up, and says so; or it lands after all.
 * - `end`: it runs for longer than statements may.
 */
export type Verdict = "wait" | "part" | "cancel" | "end";

/** @param quietForMs Since it was sent, or since the last answer to one of its passengers. */
export function judgeFlight(flight: Flight, quietForMs: number, statementTimeoutMs: number): Verdict {
  const { passengers, position } = flight;
  if (flight.changesSomething && passengers.length > 1) {
    if (quietForMs > statementTimeoutMs + graceMs) return "end";
    return quietForMs < stuckInsertsAfterMs ? "wait" : "cancel";
  }
  if (passengers.length - position > 1) return quietForMs < stuckAfterMs ? "wait" : "part";
  const statements = flight.current?.prepared.length ?? 1;
  return quietForMs > statementTimeoutMs * statements + graceMs ? "end" : "wait";
}
