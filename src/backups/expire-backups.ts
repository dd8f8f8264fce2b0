/** In charge of deleting backups whose time is over. */

import { messageOf } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { deleteBackupRow, listExpiredBackups } from "../state/backups.ts";
import { openStorage } from "./open-storage.ts";

/** One that cannot be deleted does not keep the others. */
export async function expireBackups(platform: Platform): Promise<void> {
  for (const backup of await listExpiredBackups(platform.state, platform.clock.now())) {
    try {
      await openStorage(platform, backup.store).delete(backup.storage_key);
      await deleteBackupRow(platform.state, backup.id);
    } catch (error) {
      platform.observe({
        type: "maintenance",
        task: `expire ${backup.id}`,
        event: "failed",
        detail: messageOf(error),
      });
    }
  }
}
