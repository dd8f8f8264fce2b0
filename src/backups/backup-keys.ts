/** In charge of the keys that backups are encrypted with: a file of the operator's, never in the home's tables. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { messageOf, posternError } from "../base/error.ts";

export interface BackupKey {
  /** First 8 bytes of a hash of it, hex. */
  id: string;
  bytes: Buffer;
}

export const keyIdOf = (bytes: Buffer): string =>
  createHash("sha256").update("postern backup key id\0").update(bytes).digest("hex").slice(0, 16);

/** One key a line; the first is for new backups, the others for those that were made before. @throws Y6013 */
export async function readBackupKeys(file: string): Promise<BackupKey[]> {
  const unusable = (detail: string) =>
    posternError("Y6013", `The keys of backups cannot be read from ${file}.`, {
      detail,
      hint: "`postern db backup new-key FILE` makes such a file; POSTERN_BACKUP_KEY_FILE names it.",
    });
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw unusable(messageOf(error));
  });
  if (((await stat(file)).mode & 0o077) !== 0)
    throw unusable("Others than its owner may read it: `chmod 600` it.");
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  const keys = lines.filter((line) => line !== "");
  if (keys.length === 0) throw unusable("It holds no key.");
  if (!keys.every((key) => /^[0-9a-f]{64}$/i.test(key)))
    throw unusable("A key is 64 hex digits, one key a line.");
  return keys.map((key) => {
    const bytes = Buffer.from(key, "hex");
    return { id: keyIdOf(bytes), bytes };
  });
}

/** @throws Y6013 naming the key that is needed. */
export async function findBackupKey(file: string | null, id: string): Promise<BackupKey> {
  const keys = file === null ? [] : await readBackupKeys(file);
  const key = keys.find((candidate) => candidate.id === id);
  if (key) return key;
  throw posternError("Y6013", `The key ${id} that this backup is encrypted with is not there.`, {
    detail: file === null ? "POSTERN_BACKUP_KEY_FILE is not set." : `${file} has other keys.`,
    hint: "Add the key to the file, on a line of its own behind the first.",
  });
}
