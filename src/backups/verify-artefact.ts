/** In charge of telling whether a backup's file is still the one that was written. */
import { createHash } from "node:crypto";
import { posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import type { BackupRow } from "../state/backups.ts";
import { openStorage } from "./open-storage.ts";

/** Reads the whole file. @throws Y6007 when it is missing, Y6003 when it was cut or altered; both name it. */
export async function verifyArtefact(platform: Platform, backup: BackupRow): Promise<void> {
  const { stream, sizeBytes } = await openStorage(platform).open(backup.storage_key);
  const damaged = (detail: string) =>
    posternError("Y6003", `The file of backup ${backup.id} is damaged.`, {
      detail: `${backup.storage_key}: ${detail}`,
      hint: "Nothing was changed. `postern db backup list` shows other backups.",
    });
  if (sizeBytes !== Number(backup.size_bytes)) {
    stream.destroy();
    throw damaged(`it has ${sizeBytes} bytes and not ${backup.size_bytes}.`);
  }
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk as Buffer);
  if (hash.digest("hex") !== backup.checksum) throw damaged("its content was altered (SHA-256 differs).");
}
