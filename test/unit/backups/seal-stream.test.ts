/** Encrypted files: whole and right, or an error; and readable without Postern. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { type BackupKey, findBackupKey, keyIdOf, readBackupKeys } from "../../../src/backups/backup-keys.ts";
import { headerBytes, OpenStream, SealStream } from "../../../src/backups/seal-stream.ts";
import { readAll } from "../../conformance/backup-storage.ts";

const newKey = (): BackupKey => {
  const bytes = randomBytes(32);
  return { id: keyIdOf(bytes), bytes };
};
const key = newKey();
const chunkBytes = 65_536;
const storedChunk = chunkBytes + 16;

const pieces = (content: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(content.length / size) }, (_, at) =>
    content.subarray(at * size, (at + 1) * size),
  );
const seal = (content: Buffer, size = 10_000): Promise<Buffer> =>
  readAll(Readable.from(pieces(content, size)).pipe(new SealStream(key)));
const open = (file: Buffer, by = key, size = 9_999): Promise<Buffer> => {
  const stream = new OpenStream(by);
  Readable.from(pieces(file, size)).pipe(stream);
  return readAll(stream);
};
/** Header and chunks. */
const cut = (file: Buffer): { header: Buffer; chunks: Buffer[] } => ({
  header: file.subarray(0, headerBytes),
  chunks: pieces(file.subarray(headerBytes), storedChunk),
});

describe("an encrypted file", () => {
  test.each([0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes, 500_000])(
    "of %i bytes comes back as it was, in pieces of any size",
    async (length) => {
      const content = randomBytes(length);
      for (const size of [1_000, 70_000, 1_000_000]) {
        const file = await seal(content, size);
        expect(file.length).toBe(headerBytes + length + 16 * Math.max(1, Math.ceil(length / chunkBytes)));
        expect((await open(file, key, size)).equals(content)).toBe(true);
      }
    },
  );

  test("shows nothing of its content, and is never the same twice", async () => {
    const content = Buffer.from("secret ".repeat(1000));
    const [first, second] = [await seal(content), await seal(content)];
    expect(first.includes("secret")).toBe(false);
    expect(first.subarray(headerBytes).equals(second.subarray(headerBytes))).toBe(false);
  });

  test("is refused where any byte was changed", async () => {
    const file = await seal(randomBytes(100_000));
    for (const at of [0, 9, 20, 33, headerBytes, headerBytes + 40_000, file.length - 20, file.length - 1]) {
      const altered = Buffer.from(file);
      altered[at]! ^= 1;
      await expect(open(altered), `byte ${at}`).rejects.toThrow();
    }
  });

  test("is refused when it was cut, also between two chunks, or has more behind its end", async () => {
    const file = await seal(randomBytes(3 * chunkBytes));
    for (const length of [
      0,
      10,
      headerBytes,
      headerBytes + storedChunk,
      headerBytes + 2 * storedChunk,
      file.length - 1,
    ])
      await expect(open(file.subarray(0, length)), `${length} bytes`).rejects.toThrow();
    await expect(open(Buffer.concat([file, Buffer.alloc(storedChunk)]))).rejects.toThrow();
  });

  test("is refused when its chunks were moved, doubled, or come from another file", async () => {
    const { header, chunks } = cut(await seal(randomBytes(4 * chunkBytes)));
    const other = cut(await seal(randomBytes(4 * chunkBytes)));
    const [a, b, c, d] = chunks as [Buffer, Buffer, Buffer, Buffer];
    for (const wrong of [
      [b, a, c, d],
      [a, a, b, c, d],
      [a, c, d],
      [a, other.chunks[1]!, c, d],
    ])
      await expect(open(Buffer.concat([header, ...wrong]))).rejects.toThrow("not as it was written");
  });

  test("is refused with another key, and says so", async () => {
    await expect(open(await seal(Buffer.from("x")), newKey())).rejects.toThrow("another key");
  });

  test("is read without Postern by the script of the documentation", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pn-seal-"));
    try {
      const docs = await readFile(new URL("../../../docs/operations.md", import.meta.url), "utf8");
      const script = /```js\n(\/\/ open-backup\.mjs[\s\S]*?)```/.exec(docs)![1]!;
      const content = randomBytes(200_000);
      await writeFile(join(folder, "open-backup.mjs"), script);
      await writeFile(
        join(folder, "key"),
        `# a comment\n${newKey().bytes.toString("hex")}\n${key.bytes.toString("hex")}\n`,
      );
      await writeFile(join(folder, "file"), await seal(content));
      const run = promisify(execFile);
      await run(process.execPath, ["open-backup.mjs", "key", "file", "dump"], { cwd: folder });
      expect((await readFile(join(folder, "dump"))).equals(content)).toBe(true);
      await writeFile(join(folder, "file"), (await seal(content)).subarray(0, headerBytes + 2 * storedChunk));
      await expect(
        run(process.execPath, ["open-backup.mjs", "key", "file", "cut"], { cwd: folder }),
      ).rejects.toThrow();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the file of keys", () => {
  test.each([
    ["is missing", undefined, 0o600],
    ["is open to others", "a".repeat(64), 0o644],
    ["holds no key", "# nothing\n", 0o600],
    ["holds something else", "a".repeat(63), 0o600],
  ])("is refused with Y6013 when it %s", async (_title, content, mode) => {
    const folder = await mkdtemp(join(tmpdir(), "pn-keys-"));
    const file = join(folder, "keys");
    try {
      if (content !== undefined) await writeFile(file, content, { mode });
      await expect(readBackupKeys(file)).rejects.toMatchObject({ code: "Y6013" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("gives the key that is asked for, wherever it stands, and names one that is missing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "pn-keys-"));
    const file = join(folder, "keys");
    const [first, second] = [newKey(), newKey()];
    try {
      await writeFile(
        file,
        `${first.bytes.toString("hex")}\n\n${second.bytes.toString("hex")}  # the older\n`,
        { mode: 0o600 },
      );
      expect((await findBackupKey(file, second.id)).bytes.equals(second.bytes)).toBe(true);
      await expect(findBackupKey(file, key.id)).rejects.toMatchObject({
        code: "Y6013",
        message: expect.stringContaining(key.id),
      });
      await expect(findBackupKey(null, key.id)).rejects.toMatchObject({ code: "Y6013" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
