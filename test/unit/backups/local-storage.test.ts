/** Backups in a folder: what every store does, and what only a disk can do wrong. */
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LocalStorage } from "../../../src/backups/local-storage.ts";
import { describeBackupStorage, readAll, writing } from "../../conformance/backup-storage.ts";
import { mountSmallDisk } from "../../support/small-disk.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pn-storage-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const emptyDirectory = () => mkdtemp(join(root, "store-"));

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

describeBackupStorage("a folder as a store", async () => new LocalStorage(await emptyDirectory()));

describe("a folder as a store", () => {
  it("need not exist before the first file", async () => {
    const storage = new LocalStorage(join(await emptyDirectory(), "not/yet/there"));
    expect(await storage.list()).toEqual([]);
    await storage.sweep();
    await storage.put("db-1/a.dump", writing("a"));
    expect(await storage.list()).toEqual(["db-1/a.dump"]);
  });

  it("can be read by its owner only", async () => {
    const directory = await emptyDirectory();
    await new LocalStorage(directory).put("db-1/a.dump", writing("a"));
    expect((await stat(join(directory, "db-1"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, "db-1/a.dump"))).mode & 0o777).toBe(0o600);
  });

  it("sweeps what a write that was cut off left behind, which is never listed", async () => {
    const directory = await emptyDirectory();
    await mkdir(join(directory, "db-1"));
    await writeFile(join(directory, "db-1/a.dump.part-0123abcd"), "half");
    await writeFile(join(directory, "db-1/b.dump"), "whole");
    const storage = new LocalStorage(directory);
    expect(await storage.list()).toEqual(["db-1/b.dump"]);
    await storage.sweep();
    expect(await filesIn(directory)).toEqual(["b.dump"]);
  });

  it("leaves no part of a file on the disk when its writer fails", async () => {
    const directory = await emptyDirectory();
    const failing = new LocalStorage(directory).put("db-1/a.dump", async (sink) => {
      await writing(Buffer.alloc(200_000))(sink);
      throw new Error("the writer failed");
    });
    await expect(failing).rejects.toThrow("the writer failed");
    expect(await filesIn(directory)).toEqual([]);
  });

  it("says that the disk is full, and where, keeps nothing, and works again when there is room", async ({
    skip,
  }) => {
    const disk = await mountSmallDisk("256k");
    if (typeof disk === "string") return skip(disk);
    try {
      const storage = new LocalStorage(disk.directory);
      await storage.put("db-1/small.dump", writing(Buffer.alloc(100_000)));
      const tooMuch = Array.from({ length: 20 }, () => Buffer.alloc(64 * 1024));
      await expect(storage.put("db-1/large.dump", writing(...tooMuch))).rejects.toMatchObject({
        code: "Y6005",
        detail: expect.stringContaining(disk.directory),
      });
      expect(await filesIn(disk.directory)).toEqual(["small.dump"]);
      const { stream } = await storage.open("db-1/small.dump");
      expect(await readAll(stream)).toHaveLength(100_000);
      await storage.delete("db-1/small.dump");
      await storage.put("db-1/again.dump", writing(Buffer.alloc(200_000)));
      expect(await storage.list()).toEqual(["db-1/again.dump"]);
    } finally {
      await disk.remove();
    }
  });
});
