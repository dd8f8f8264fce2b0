/** In charge of branches that live for a time only: each is destroyed when that is over, as its owner would do it. */
import { messageOf } from "../base/error.ts";
import { requestDestroyDatabase } from "../databases/destroy-database.ts";
import type { Platform } from "../instances/platform.ts";
import { listExpiredBranches } from "../state/branches.ts";

export async function expireBranches(platform: Platform): Promise<void> {
  for (const row of await listExpiredBranches(platform.state, platform.clock.now())) {
    try {
      await requestDestroyDatabase(platform, null, row, { skipSnapshot: !row.backup_on_expiry });
    } catch (error) {
      // One that is in use by other work goes next time.
      platform.observe({
        type: "maintenance",
        task: `expire branch ${row.id}`,
        event: "failed",
        detail: messageOf(error),
      });
    }
  }
}
