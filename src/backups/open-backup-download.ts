/** In charge of handing out a backup's file. */
import type { Readable } from "node:stream";
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import type { BackupRow } from "../state/backups.ts";
import { openArtefact } from "./backup-artefact.ts";

export interface OpenedBackup {
  stream: Readable;
  sizeBytes: number;
  checksum: string;
  fileName: string;
}

/** @throws Y6006 while it is not complete, Y6007 Y6003 when its file is missing or was cut, Y6011 Y6012 Y6013. */
export async function openBackupDownload(platform: Platform, backup: BackupRow): Promise<OpenedBackup> {
  if (backup.status !== "completed")
    throw posternError("Y6006", `Backup ${backup.id} is ${backup.status}, not completed.`);
  const { stream } = await openArtefact(platform, backup);
  return {
    stream,
    sizeBytes: Number(backup.size_bytes),
    checksum: backup.checksum!,
    fileName: `${backup.database_name}-${backup.id}.dump`,
  };
}
