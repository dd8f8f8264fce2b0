/** In charge of saying what is to be done about a flight that shows no progress, and which one had to wait for locks. */
import { ServerError } from "../../postgres/wire/server-error.ts";
import type { Flight } from "./flight.ts";

/** A flight of several that shows no progress for this long is given up: each of them is asked again, alone. */
const stuckAfterMs = 50;
/** A flight of inserts or changes may take as long as a slow disk needs to make it last. */
const stuckWritesAfterMs = 100;
/** Node's own watch on time comes behind Postgres's, which gives the better error. */
const graceMs = 1_000;

/**
 * - `wait`: it is well.
 * - `part`: company waits for one of them; which, cannot be seen from here. Alone, it will show.
 * - `cancel`: one of several inserts or changes waits, and the others with it. What a flight has changed cannot be asked for elsewhere
 *   before it is known to be undone, so Postgres is told to give it up, and says so; or it lands after all.
 * - `end`: it runs for longer than statements may.
 */
export type Verdict = "wait" | "part" | "cancel" | "end";

/** @param quietForMs Since it was sent, or since the last answer to one of its passengers. */
export function judgeFlight(flight: Flight, quietForMs: number, statementTimeoutMs: number): Verdict {
  const { passengers, position } = flight;
  if (flight.changesSomething && passengers.length > 1) {
    if (quietForMs > statementTimeoutMs + graceMs) return "end";
    return quietForMs < stuckWritesAfterMs ? "wait" : "cancel";
  }
  if (passengers.length - position > 1) return quietForMs < stuckAfterMs ? "wait" : "part";
  const statements = flight.current?.prepared.length ?? 1;
  return quietForMs > statementTimeoutMs * statements + graceMs ? "end" : "wait";
}

/** 57014: it was canceled, because it waited; 40P01: a deadlock; 40001: others' changes, under a stricter isolation; 55P03: `lock_timeout`. */
const lockTroubles = new Set(["57014", "40P01", "40001", "55P03"]);

/**
 * Have changes that travelled together waited for somebody's locks, or for one another's? Those who change the same rows
 * in different order would do so again.
 */
export function isLockTrouble({ passengers }: Flight, error: Error): boolean {
  const isChange = passengers[0]!.submission.request.company === "changes";
  return (
    isChange && passengers.length > 1 && error instanceof ServerError && lockTroubles.has(error.fields.code)
  );
}
