/** In charge of a backup that did not come to be: its row says why, its file is gone. */
import type { ErrorBody } from "@postern/sdk/protocol";
import type { BackupId } from "../base/id.ts";
import type { Platform } from "../instances/platform.ts";
import { failBackup, findBackup } from "../state/backups.ts";
import { openStorage } from "./open-storage.ts";

/** A store that is out of order does not keep the work from ending: what is left there goes when the backup expires. */
export async function discardBackup(platform: Platform, id: BackupId, reason: ErrorBody): Promise<void> {
  const backup = await findBackup(platform.state, id);
  if (!backup || backup.status === "completed") return;
  await failBackup(platform.state, id, reason);
  await openStorage(platform, backup.store)
    .delete(backup.storage_key)
    .catch((error: unknown) => platform.observe({ type: "fault", where: `discarding ${id}`, error }));
}
