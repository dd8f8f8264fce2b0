/** In charge of backups in a folder of this machine: written aside, synced, renamed. */
import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { hasCode, posternError } from "../base/error.ts";
import type { BackupStorage, StoredFile } from "./backup-storage.ts";

const temporary = /\.part-[0-9a-f]{8}$/;

export class LocalStorage implements BackupStorage {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async put(
    key: string,
    write: (sink: Writable) => Promise<void>,
    onBytes?: (bytes: number) => void,
  ): Promise<StoredFile> {
    const target = join(this.#directory, key);
    const part = `${target}.part-${randomBytes(4).toString("hex")}`;
    try {
      const made = await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      const stored = await writeAndSync(part, write, onBytes);
      await rename(part, target);
      await syncDirectory(dirname(target));
      // A folder that is new must itself survive a loss of power.
      if (made !== undefined) await syncDirectory(dirname(dirname(target)));
      return stored;
    } catch (error) {
      await rm(part, { force: true });
      throw hasCode(error, "ENOSPC", "EDQUOT") ? await this.#full(error) : error;
    }
  }

  async open(key: string) {
    const file = join(this.#directory, key);
    const handle = await open(file, "r").catch((error: unknown) => {
      throw hasCode(error, "ENOENT") ? posternError("Y6007", `The backup's file is missing: ${file}`) : error;
    });
    try {
      // The file that is open stays readable, even if it is deleted or replaced meanwhile.
      const { size } = await handle.stat();
      return { stream: handle.createReadStream(), sizeBytes: size };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    await rm(join(this.#directory, key), { force: true });
  }

  async list(): Promise<string[]> {
    return (await this.#files()).filter((key) => !temporary.test(key));
  }

  async sweep(): Promise<void> {
    for (const key of await this.#files()) if (temporary.test(key)) await this.delete(key);
  }

  async #files(): Promise<string[]> {
    const entries = await readdir(this.#directory, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.#directory.length + 1));
  }

  async #full(cause: unknown) {
    const free = await statfs(this.#directory).then(
      (info) => info.bavail * info.bsize,
      () => undefined,
    );
    return posternError("Y6005", "The disk of the backups is full.", {
      detail: `${this.#directory}${free === undefined ? "" : ` has ${Math.floor(free / 1024 / 1024)} MiB free`}. Nothing of the backup was kept.`,
      hint: "Delete old backups (`postern db backup list`), or make room; POSTERN_BACKUP_DIR chooses another disk.",
      cause,
    });
  }
}

/** Resolves when every byte is on the disk (`flush`). */
async function writeAndSync(
  file: string,
  write: (sink: Writable) => Promise<void>,
  onBytes?: (bytes: number) => void,
): Promise<StoredFile> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const sink = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      onBytes?.(sizeBytes);
      done(null, chunk);
    },
  });
  const written = pipeline(sink, createWriteStream(file, { flags: "wx", mode: 0o600, flush: true }));
  const writing = write(sink).then(
    () => void sink.end(),
    (error: unknown) => {
      sink.destroy(error as Error);
      throw error;
    },
  );
  throwCause(await Promise.allSettled([written, writing]));
  return { sizeBytes, checksum: hash.digest("hex") };
}

/** Each of the two fails when the other does; a full disk is the file's own word, anything else the writer's. */
function throwCause([written, writing]: [PromiseSettledResult<void>, PromiseSettledResult<void>]): void {
  if (written.status === "rejected" && hasCode(written.reason, "ENOSPC", "EDQUOT")) throw written.reason;
  if (writing.status === "rejected") throw writing.reason;
  if (written.status === "rejected") throw written.reason;
}

/** A rename is safe against power loss only once its folder is synced too. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  await handle.sync().finally(() => handle.close());
}
