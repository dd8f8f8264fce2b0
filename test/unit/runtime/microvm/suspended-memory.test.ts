/** A guest's memory in a file: good once, for the machine and the disk that it belongs to. */
import { appendFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { guestFiles } from "../../../../src/runtime/microvm/guest-layout.ts";
import { keepMemory, takeMemory } from "../../../../src/runtime/microvm/suspended-memory.ts";

let dataDirectory: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "memory-"));
  const { disk, memory } = guestFiles({ dataDirectory });
  await writeFile(disk, "the disk");
  await writeFile(`${memory}.new`, "the memory");
});

afterEach(() => rm(dataDirectory, { recursive: true, force: true }));

describe("suspended memory", () => {
  it("is handed out once, and is gone from the folder then", async () => {
    await keepMemory({ dataDirectory }, "fits");
    const taken = await takeMemory({ dataDirectory }, "fits");
    expect(await taken!.readFile("utf8")).toBe("the memory");
    await taken!.close();
    expect(await readdir(dataDirectory)).toEqual(["disk.qcow2"]);
    expect(await takeMemory({ dataDirectory }, "fits")).toBeUndefined();
  });

  it("is thrown away when another machine would take it", async () => {
    await keepMemory({ dataDirectory }, "fits");
    expect(await takeMemory({ dataDirectory }, "fits another")).toBeUndefined();
    expect(await readdir(dataDirectory)).toEqual(["disk.qcow2"]);
  });

  it("is thrown away when the disk has gone on", async () => {
    await keepMemory({ dataDirectory }, "fits");
    await appendFile(guestFiles({ dataDirectory }).disk, "!");
    expect(await takeMemory({ dataDirectory }, "fits")).toBeUndefined();
  });

  it("is thrown away when a part of it is missing", async () => {
    await keepMemory({ dataDirectory }, "fits");
    await writeFile(guestFiles({ dataDirectory }).memory, "the");
    expect(await takeMemory({ dataDirectory }, "fits")).toBeUndefined();
  });

  it("does not count before it is whole", async () => {
    expect(await takeMemory({ dataDirectory }, "fits")).toBeUndefined();
    expect(await readdir(dataDirectory)).toEqual(["disk.qcow2"]);
  });
});
