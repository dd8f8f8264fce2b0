/** In charge of a backup's file between the dump and the store: encrypted on the way there where a key is set. */
import { createHash } from "node:crypto";
import { type Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf, PosternError, posternError } from "../base/error.ts";
import type { Platform } from "../instances/platform.ts";
import type { BackupRow } from "../state/backups.ts";
import { findBackupKey } from "./backup-keys.ts";
import type { StoredFile } from "./backup-storage.ts";
import { openStorage } from "./open-storage.ts";
import { OpenStream, SealStream } from "./seal-stream.ts";

export interface Artefact {
  /** The dump, as downloads give it. */
  plain: StoredFile;
  /** The file as it is stored. */
  stored: StoredFile;
}

type Place = Pick<BackupRow, "storage_key" | "store" | "key_id">;

/** Writes what `write` puts into the sink to where the row says. @throws Y6005 Y6011 Y6012 Y6013 */
export async function writeArtefact(
  platform: Platform,
  place: Place,
  write: (sink: Writable) => Promise<void>,
  onBytes?: (bytes: number) => void,
): Promise<Artefact> {
  const storage = openStorage(platform, place.store);
  if (place.key_id === null) {
    const stored = await storage.put(place.storage_key, write, onBytes);
    return { plain: stored, stored };
  }
  const key = await findBackupKey(platform.config.backupKeyFile, place.key_id);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const put = async (sink: Writable) => {
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        done(null, chunk);
      },
    });
    const sealed = pipeline(meter, new SealStream(key), sink);
    const writing = write(meter).then(
      () => void meter.end(),
      (error: unknown) => {
        meter.destroy(error as Error);
        throw error;
      },
    );
    // Both fail when one does: the writer's own word first, as it knows why.
    const [written, flowed] = await Promise.allSettled([writing, sealed]);
    if (written.status === "rejected") throw written.reason;
    if (flowed.status === "rejected") throw flowed.reason;
  };
  const stored = await storage.put(place.storage_key, put, onBytes);
  return { plain: { sizeBytes, checksum: hash.digest("hex") }, stored };
}

/** The dump. Whoever gets the stream reads it to its end or destroys it. @throws Y6003 Y6007 Y6011 Y6013 */
export async function openArtefact(
  platform: Platform,
  backup: BackupRow,
): Promise<{ stream: Readable; sizeBytes: number | null }> {
  const { stream, sizeBytes } = await openStorage(platform, backup.store).open(backup.storage_key);
  const wanted = backup.stored_size_bytes ?? backup.size_bytes;
  if (wanted !== null && sizeBytes !== Number(wanted)) {
    stream.destroy();
    throw damaged(backup, `it has ${sizeBytes} bytes and not ${wanted}.`);
  }
  const plainBytes = backup.size_bytes === null ? null : Number(backup.size_bytes);
  if (backup.key_id === null) return { stream, sizeBytes: plainBytes ?? sizeBytes };
  try {
    const opened = new OpenStream(await findBackupKey(platform.config.backupKeyFile, backup.key_id));
    pipeline(stream, opened).catch(() => {});
    return { stream: opened, sizeBytes: plainBytes };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** Reads the whole file. @throws Y6007 when it is missing, Y6003 when it was cut or altered; both name it. */
export async function verifyArtefact(platform: Platform, backup: BackupRow): Promise<void> {
  const { stream, sizeBytes } = await openStorage(platform, backup.store).open(backup.storage_key);
  const wanted = Number(backup.stored_size_bytes ?? backup.size_bytes);
  if (sizeBytes !== wanted) {
    stream.destroy();
    throw damaged(backup, `it has ${sizeBytes} bytes and not ${wanted}.`);
  }
  const hash = createHash("sha256");
  try {
    for await (const chunk of stream) hash.update(chunk as Buffer);
  } catch (error) {
    throw error instanceof PosternError ? error : damaged(backup, messageOf(error));
  }
  if (hash.digest("hex") !== (backup.stored_checksum ?? backup.checksum))
    throw damaged(backup, "its content was altered (SHA-256 differs).");
}

export const damaged = (backup: Pick<BackupRow, "id" | "storage_key">, detail: string) =>
  posternError("Y6003", `The file of backup ${backup.id} is damaged.`, {
    detail: `${backup.storage_key}: ${detail}`,
    hint: "Nothing was changed. `postern db backup list` shows other backups.",
  });
