/** In charge of choosing the store of a backup: where new ones go, and where one was written however long ago. */
import { isAbsolute, join } from "node:path";
import type { Config } from "../base/config.ts";
import { posternError } from "../base/error.ts";
import { parseS3, renderS3 } from "../base/read-s3.ts";
import type { Platform } from "../instances/platform.ts";
import type { BackupStorage } from "./backup-storage.ts";
import { LocalStorage } from "./local-storage.ts";
import { S3Storage } from "./s3-storage.ts";

type Place = Pick<Config, "home" | "backupDirectory" | "s3" | "sharedState">;

/** @throws Y8035 where each control plane would keep backups that the others do not see */
export function requireSharedStore({ s3, sharedState }: Omit<Place, "home" | "backupDirectory">): void {
  if (sharedState === null || s3 !== null || sharedState.sharesBackups) return;
  throw posternError("Y8035", "There is no place for backups that every control plane reaches.", {
    detail: "Several control planes share this Postern; a folder of one home is none of the others'.",
    hint: "Set POSTERN_BACKUP_STORE=s3://…, or POSTERN_BACKUP_DIR to a folder that all of them mount.",
  });
}

/** What a new backup's row says of its store: `home:<folder>`, `file:<folder>` or `s3://…`. */
export function currentStore({ home, backupDirectory, s3 }: Place): string {
  if (s3 !== null) return renderS3(s3);
  return backupDirectory === join(home, "backups") ? "home:backups" : `file:${backupDirectory}`;
}

/** @param store as the backup's row says; null: older than stores were noted. */
export function openStorage({ config }: Pick<Platform, "config">, store: string | null): BackupStorage {
  if (store === null) return new LocalStorage(config.backupDirectory);
  if (store.startsWith("s3://")) return new S3Storage(parseS3(store), join(config.home, "secrets"));
  const folder = store.slice(store.indexOf(":") + 1);
  return new LocalStorage(isAbsolute(folder) ? folder : join(config.home, folder));
}

/** What a caller may know of it. */
export const describeStore = (store: string | null): string =>
  store === null || store.startsWith("home:") ? "local" : store.replace(/^file:/, "").replace(/\?.*$/, "");
