/** In charge of handing out a backup's file. */
import type { Readable } from "node:stream";
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import type { BackupRow } from "../state/backups.ts";
import { openStorage } from "./open-storage.ts";

export interface OpenedBackup {
  stream: Readable;
  sizeBytes: number;
  checksum: string;
  fileName: string;
}

/** @throws Y6006 while it is not complete, Y6007 Y6003 when its file is missing or was cut. */
export async function openBackupDownload(platform: Platform, backup: BackupRow): Promise<OpenedBackup> {
  if (backup.status !== "completed")
    throw posternError("Y6006", `Backup ${backup.id} is ${backup.status}, not completed.`);
  const { stream, sizeBytes } = await openStorage(platform).open(backup.storage_key);
  if (sizeBytes !== Number(backup.size_bytes)) {
    stream.destroy();
    throw posternError("Y6003", `The file of backup ${backup.id} is damaged.`, {
      detail: `${backup.storage_key} has ${sizeBytes} bytes and not ${backup.size_bytes}.`,
    });
  }
  return {
    stream,
    sizeBytes,
    checksum: backup.checksum!,
    fileName: `${backup.database_name}-${backup.id}.dump`,
  };
}
