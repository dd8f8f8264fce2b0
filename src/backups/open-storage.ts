/** In charge of choosing the store of backups. */

import type { Platform } from "../instances/platform.ts";
import type { BackupStorage } from "./backup-storage.ts";
import { LocalStorage } from "./local-storage.ts";

export const openStorage = (platform: Pick<Platform, "config">): BackupStorage =>
  new LocalStorage(platform.config.backupDirectory);
