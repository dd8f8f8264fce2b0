/** In charge of noticing that the clock was set: it and the machine's own count of time came apart. */
import type { Clock } from "./clock.ts";

const toleranceMs = 3_600_000;

/** Each call tells by how much the clock has jumped since the one before, in milliseconds; 0 when it did not. */
export function createJumpDetector(
  monotonicMs: () => number = () => performance.now(),
): (clock: Clock) => number {
  let offsetMs: number | undefined;
  return (clock) => {
    const now = clock.now().getTime() - monotonicMs();
    const jumpMs = offsetMs === undefined ? 0 : now - offsetMs;
    offsetMs = now;
    return Math.abs(jumpMs) > toleranceMs ? jumpMs : 0;
  };
}
