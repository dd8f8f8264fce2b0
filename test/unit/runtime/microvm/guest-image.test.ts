/** Guest images: whole, or named as what is wrong with them. */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileMode, makeInitramfs } from "../../../../src/runtime/microvm/archive-files.ts";
import {
  describeFiles,
  findGuestImage,
  imageRecipe,
  verifyGuestImage,
} from "../../../../src/runtime/microvm/guest-image.ts";
import { renderGuestInit } from "../../../../src/runtime/microvm/guest-init.ts";
import { makeCertificate } from "../../../../src/runtime/microvm/make-certificate.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "image-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function writeImage(name: string, major: string, madeAt: string): Promise<string> {
  const directory = join(root, name);
  await mkdir(directory);
  for (const file of ["vmlinuz", "initramfs", "root.ext4"])
    await writeFile(join(directory, file), `${name} ${file}`);
  const manifest = {
    recipe: imageRecipe,
    postgres_major: major,
    postgres_version: `${major}.1`,
    kernel: "6",
    made_at: madeAt,
    files: await describeFiles(directory),
    packages: {},
  };
  await writeFile(join(directory, "manifest.json"), JSON.stringify(manifest));
  return directory;
}

describe("a guest image", () => {
  it("is the newest of its major", async () => {
    await writeImage("guest-r1-a", "17", "2026-01-01");
    await writeImage("guest-r1-b", "17", "2026-02-01");
    await writeImage("guest-r1-c", "18", "2026-03-01");
    expect((await findGuestImage(root, "17")).directory).toBe(join(root, "guest-r1-b"));
  });

  it("is missing with a word on how to make it", async () => {
    await expect(findGuestImage(root, "17")).rejects.toMatchObject({
      code: "Y8100",
      hint: expect.stringContaining("postern admin image build"),
    });
  });

  it("is refused when a file is missing, shorter, or another of the same size", async () => {
    const directory = await writeImage("guest-r1-a", "17", "2026-01-01");
    const image = await findGuestImage(root, "17");
    await expect(verifyGuestImage(image)).resolves.toBeUndefined();
    await writeFile(join(directory, "initramfs"), "guest-r1-a initramfZ");
    await expect(verifyGuestImage(image)).rejects.toMatchObject({
      code: "Y8101",
      detail: expect.stringContaining("initramfs has another"),
    });
    await appendFile(join(directory, "vmlinuz"), "!");
    await expect(verifyGuestImage(image)).rejects.toMatchObject({
      detail: expect.stringContaining("vmlinuz has"),
    });
    await rm(join(directory, "vmlinuz"));
    await expect(verifyGuestImage(image)).rejects.toMatchObject({
      detail: expect.stringContaining("vmlinuz is missing"),
    });
  });
});

describe("what a guest is made of", () => {
  it("unpacks as the kernel wants it", () => {
    const text = gunzipSync(
      makeInitramfs([{ path: "init", mode: fileMode, content: Buffer.from("hello") }]),
    ).toString("latin1");
    expect(text).toMatch(/^070701/);
    expect(text).toContain("init\0");
    expect(text).toContain("TRAILER!!!\0");
    expect(text.length % 4).toBe(0);
  });

  it("begins with a script that the shell can read", async () => {
    const file = join(root, "init");
    await writeFile(file, renderGuestInit("/usr/lib/postgresql/17/bin/postgres"));
    await expect(promisify(execFile)("/bin/sh", ["-n", file])).resolves.toMatchObject({ stderr: "" });
    expect(await readFile(file, "utf8")).not.toContain("undefined");
  });

  it("is known by a certificate of its own that is valid at any time", () => {
    const { certificate, key } = makeCertificate("postern");
    const read = new X509Certificate(certificate);
    expect(read.subject).toBe("CN=postern");
    expect(read.verify(read.publicKey)).toBe(true);
    expect(new Date(read.validFrom).getUTCFullYear()).toBe(1970);
    expect(new Date(read.validTo).getUTCFullYear()).toBe(9999);
    expect(key).toContain("PRIVATE KEY");
    expect(makeCertificate("postern").certificate).not.toBe(certificate);
  });
});
