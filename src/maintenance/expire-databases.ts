/** In charge of forgetting what nobody can bring back any more: expired backups and the rows of destroyed databases. */
import { expireBackups } from "../backups/expire-backups.ts";
import { createJumpDetector } from "../base/clock-jump.ts";
import type { Platform } from "../instances/platform.ts";
import { deleteForgottenDatabases } from "../state/databases.ts";

/** A clock that was just set may be wrong, and what is deleted does not come back: then it is left to the next time. */
export function createExpiry(findJump = createJumpDetector()): (platform: Platform) => Promise<void> {
  return async (platform) => {
    const jumpMs = findJump(platform.clock);
    if (jumpMs !== 0) {
      throw new Error(
        `the clock was set by ${Math.round(jumpMs / 1000)} s; nothing expires until it has been steady`,
      );
    }
    await expireBackups(platform);
    await deleteForgottenDatabases(platform.state, platform.clock.now());
  };
}
