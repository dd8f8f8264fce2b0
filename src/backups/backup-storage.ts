/** In charge of what a place for backups can do. Every store proves itself with the suite of `test/conformance`. */
import type { Readable, Writable } from "node:stream";

export interface StoredFile {
  sizeBytes: number;
  /** SHA-256, hex. */
  checksum: string;
}

export interface BackupStorage {
  /**
   * Stores what `write` puts into the sink. Visible under its key only when `write` has resolved and every byte is safe;
   * when it throws nothing stays. Replaces an older file of the key. `onBytes` hears how many bytes there are so far.
   * @throws Y6005 when the store is full.
   */
  put(
    key: string,
    write: (sink: Writable) => Promise<void>,
    onBytes?: (bytes: number) => void,
  ): Promise<StoredFile>;
  /** @throws Y6007 when there is no such file. */
  open(key: string): Promise<{ stream: Readable; sizeBytes: number }>;
  /** Nothing to do when there is no such file. */
  delete(key: string): Promise<void>;
  /** Keys of all files. */
  list(): Promise<string[]>;
  /** Removes what writes that were cut off left behind. */
  sweep(): Promise<void>;
}
