/** In charge of what a daemon that was killed left of its backups and restores; called once, before work begins. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import { listAbandonedBackups } from "../state/backups.ts";
import { discardBackup } from "./discard-backup.ts";
import { currentStore, openStorage } from "./open-storage.ts";
import { listDirectoryPrefix } from "./restore-entries.ts";

/** Backups whose operation goes on are left to it. */
export async function sweepBackups(platform: Platform): Promise<void> {
  // Of several control planes another one may be in the middle of writing what looks unfinished.
  if (platform.config.sharedState === null) await sweepStore(platform);
  for (const backup of await listAbandonedBackups(platform.state)) {
    const reason = posternError("Y6002", "The backup was cut off and is not made any more.");
    await discardBackup(platform, backup.id, reason.toBody());
  }
  const run = join(platform.config.home, "run");
  for (const name of await readdir(run)) {
    if (name.startsWith(listDirectoryPrefix)) await rm(join(run, name), { recursive: true, force: true });
  }
}

/** One that does not answer keeps nothing from starting: it is swept the next time. */
async function sweepStore(platform: Platform): Promise<void> {
  await openStorage(platform, currentStore(platform.config))
    .sweep()
    .catch((error: unknown) =>
      platform.observe({ type: "fault", where: "sweeping the store of backups", error }),
    );
}
