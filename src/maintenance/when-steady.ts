/** In charge of nothing being deleted by a clock that was just set ahead: it may be wrong, and what is deleted does not come back. */
import { createJumpDetector } from "../base/clock-jump.ts";
import type { Platform } from "../instances/platform.ts";

const steadyMs = 3_600_000;

type Work = (platform: Platform) => Promise<void>;

/** Leaves `work` out for an hour after a jump ahead, or until the clock is set back. @param monotonicMs the machine's own count of time */
export function whenSteady(
  name: string,
  work: Work,
  monotonicMs: () => number = () => performance.now(),
): Work {
  const findJump = createJumpDetector(monotonicMs);
  let notBefore = Number.NEGATIVE_INFINITY;
  return async (platform) => {
    const jumpMs = findJump(platform.clock);
    if (jumpMs > 0) {
      notBefore = monotonicMs() + steadyMs;
      platform.observe({
        type: "maintenance",
        task: name,
        event: "failed",
        detail: `the clock was set ahead by ${Math.round(jumpMs / 1000)} s; it has to be steady for an hour first`,
      });
    }
    if (jumpMs < 0) notBefore = Number.NEGATIVE_INFINITY;
    if (monotonicMs() >= notBefore) await work(platform);
  };
}
