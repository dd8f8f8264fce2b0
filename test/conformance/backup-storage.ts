/** In charge of what every store of backups must hold to, whatever it is made of. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import type { BackupStorage } from "../../src/backups/backup-storage.ts";

/** @param create gives an empty store. */
export function describeBackupStorage(title: string, create: () => Promise<BackupStorage>): void {
  describe(title, () => {
    let storage: BackupStorage;
    beforeEach(async () => {
      storage = await create();
    });

    it("gives back the bytes that were put, with their size and SHA-256", async () => {
      const content = randomBytes(300_000);
      const stored = await storage.put("db-1/a.dump", writing(content));
      expect(stored).toEqual({ sizeBytes: content.length, checksum: sha256(content) });
      const { stream, sizeBytes } = await storage.open("db-1/a.dump");
      expect(sizeBytes).toBe(content.length);
      expect((await readAll(stream)).equals(content)).toBe(true);
    });

    it("keeps a file of no bytes", async () => {
      expect(await storage.put("db-1/empty.dump", async () => {})).toEqual({
        sizeBytes: 0,
        checksum: sha256(Buffer.alloc(0)),
      });
      expect(await readAll((await storage.open("db-1/empty.dump")).stream)).toHaveLength(0);
    });

    it("accepts a writer that ends the sink itself", async () => {
      await storage.put("db-1/ended.dump", async (sink) => void sink.end("whole"));
      expect(await contentOf(storage, "db-1/ended.dump")).toBe("whole");
    });

    it("tells how many bytes there are so far", async () => {
      const heard: number[] = [];
      await storage.put("db-1/a.dump", writing("abc", "defg"), (bytes) => heard.push(bytes));
      expect(heard).toEqual([3, 7]);
    });

    it("lists the files, and no file that was deleted", async () => {
      expect(await storage.list()).toEqual([]);
      await storage.put("db-1/a.dump", writing("a"));
      await storage.put("db-2/b.dump", writing("b"));
      expect((await storage.list()).sort()).toEqual(["db-1/a.dump", "db-2/b.dump"]);
      await storage.delete("db-1/a.dump");
      expect(await storage.list()).toEqual(["db-2/b.dump"]);
      await expect(storage.open("db-1/a.dump")).rejects.toMatchObject({ code: "Y6007" });
    });

    it("deletes a file that is not there without a word", async () => {
      await expect(storage.delete("db-1/none.dump")).resolves.toBeUndefined();
    });

    it("names the file that is missing", async () => {
      await expect(storage.open("db-1/none.dump")).rejects.toMatchObject({
        code: "Y6007",
        message: expect.stringContaining("db-1/none.dump"),
      });
    });

    it("replaces a file, and keeps the older one when the writer fails", async () => {
      await storage.put("db-1/a.dump", writing("first"));
      await storage.put("db-1/a.dump", writing("second"));
      expect(await contentOf(storage, "db-1/a.dump")).toBe("second");
      await expect(storage.put("db-1/a.dump", failingAfter("thi"))).rejects.toThrow("the writer failed");
      expect(await contentOf(storage, "db-1/a.dump")).toBe("second");
    });

    it("keeps nothing of a writer that fails, and throws the writer's own error", async () => {
      await expect(storage.put("db-1/a.dump", failingAfter("half"))).rejects.toThrow("the writer failed");
      await expect(storage.open("db-1/a.dump")).rejects.toMatchObject({ code: "Y6007" });
      expect(await storage.list()).toEqual([]);
    });

    it("shows a file only when it is whole", async () => {
      let goOn!: () => void;
      const gate = new Promise<void>((resolve) => (goOn = resolve));
      let begun!: () => void;
      const halfWritten = new Promise<void>((resolve) => (begun = resolve));
      const put = storage.put("db-1/a.dump", async (sink) => {
        await writing("half ")(sink);
        begun();
        await gate;
        await writing("whole")(sink);
      });
      await halfWritten;
      await expect(storage.open("db-1/a.dump")).rejects.toMatchObject({ code: "Y6007" });
      expect(await storage.list()).toEqual([]);
      goOn();
      await put;
      expect(await contentOf(storage, "db-1/a.dump")).toBe("half whole");
    });

    it("sweeps without touching what is whole", async () => {
      await storage.put("db-1/a.dump", writing("a"));
      await storage.sweep();
      expect(await contentOf(storage, "db-1/a.dump")).toBe("a");
    });
  });
}

export function writing(...chunks: (string | Buffer)[]): (sink: Writable) => Promise<void> {
  return async (sink) => {
    for (const chunk of chunks) if (!sink.write(chunk)) await once(sink, "drain");
  };
}

function failingAfter(chunk: string): (sink: Writable) => Promise<void> {
  return async (sink) => {
    await writing(chunk)(sink);
    throw new Error("the writer failed");
  };
}

export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const contentOf = async (storage: BackupStorage, key: string): Promise<string> =>
  (await readAll((await storage.open(key)).stream)).toString();

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
