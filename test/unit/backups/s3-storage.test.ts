/** Backups in S3: what every store does, and what only one across a network can do wrong. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { S3Storage } from "../../../src/backups/s3-storage.ts";
import type { S3Config } from "../../../src/base/read-s3.ts";
import { describeBackupStorage, readAll, writing } from "../../conformance/backup-storage.ts";
import { listS3Files, type S3Server, startS3Server } from "../../support/s3-server.ts";
import { createAuthority, type TestAuthority } from "../../support/test-certificates.ts";

let root: string;
let authority: TestAuthority;
let server: S3Server;
let prefixes = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pn-s3-"));
  authority = await createAuthority();
  const { certificate, key } = await authority.issue("s3", { names: ["IP:127.0.0.1"] });
  server = await startS3Server({
    directory: join(root, "store"),
    key: await readFile(key),
    cert: await readFile(certificate),
  });
  vi.stubEnv("POSTERN_S3_CA_FILE", authority.ca);
  vi.stubEnv("POSTERN_S3_ACCESS_KEY_ID", server.accessKeyId);
  vi.stubEnv("POSTERN_S3_SECRET_ACCESS_KEY", server.secretAccessKey);
});
afterEach(() => {
  server.trouble = undefined;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await authority.close();
  await rm(root, { recursive: true });
});

const config = (more: Partial<S3Config> = {}): S3Config => ({
  bucket: server.bucket,
  prefix: "",
  endpoint: server.endpoint,
  region: "us-east-1",
  pathStyle: true,
  ...more,
});
const nextPrefix = (): number => {
  prefixes += 1;
  return prefixes;
};
const emptyStore = (more: Partial<S3Config> = {}): S3Storage =>
  new S3Storage(config({ prefix: `home-${nextPrefix()}/backups`, ...more }), join(root, "secrets"));
const megabytes = (count: number): Buffer[] => Array.from({ length: count }, () => randomBytes(1024 * 1024));

describeBackupStorage("S3 as a store", async () => emptyStore());

describe("S3 as a store", () => {
  it("takes files of many parts, whose length nobody knows before", async () => {
    const storage = emptyStore();
    const content = megabytes(40);
    const stored = await storage.put("db-1/large.dump", writing(...content));
    expect(stored.sizeBytes).toBe(40 * 1024 * 1024);
    const { stream } = await storage.open("db-1/large.dump");
    expect((await readAll(stream)).equals(Buffer.concat(content))).toBe(true);
    expect(server.unfinished.size).toBe(0);
  });

  it("takes the parts back of a writer that fails in the middle of a large file", async () => {
    const storage = emptyStore();
    const put = storage.put("db-1/large.dump", async (sink) => {
      await writing(...megabytes(40))(sink);
      throw new Error("the writer failed");
    });
    await expect(put).rejects.toThrow("the writer failed");
    expect(server.unfinished.size).toBe(0);
    expect(await storage.list()).toEqual([]);
  });

  it("sweeps uploads that were cut off, its own only", async () => {
    const { CreateMultipartUploadCommand } = await import("@aws-sdk/client-s3");
    const { openS3Client } = await import("../../../src/backups/s3-client.ts");
    const client = await openS3Client(config(), root);
    await client.send(
      new CreateMultipartUploadCommand({ Bucket: server.bucket, Key: "cut/off/db-1/a.dump" }),
    );
    expect(server.unfinished.size).toBe(1);
    await emptyStore({ prefix: "cut/off" }).sweep();
    expect(server.unfinished.size).toBe(0);
  });

  it("keeps files of another prefix out of its list", async () => {
    const [one, other] = [emptyStore(), emptyStore()];
    await one.put("db-1/a.dump", writing("a"));
    expect(await other.list()).toEqual([]);
    expect(await listS3Files(join(root, "store"))).not.toEqual([]);
  });

  it("lets a reader take its time", async () => {
    const storage = emptyStore();
    const content = Buffer.concat(megabytes(20));
    await storage.put("db-1/a.dump", writing(content));
    const { stream } = await storage.open("db-1/a.dump");
    const before = server.requests;
    const [first] = (await once(stream, "data")) as [Buffer];
    stream.pause();
    expect(server.requests - before).toBeLessThan(4);
    expect(Buffer.concat([first, await readAll(stream)]).equals(content)).toBe(true);
  });
});

describe("an S3 in trouble", () => {
  it("that answers 503 is one that does not answer: Y6011, and nothing stays", async () => {
    const storage = emptyStore();
    server.trouble = (context) => {
      context.status = 503;
      context.body = "<Error><Code>SlowDown</Code><Message>later</Message></Error>";
    };
    await expect(storage.put("db-1/a.dump", writing("a"))).rejects.toMatchObject({
      code: "Y6011",
      detail: expect.stringContaining(server.endpoint),
    });
    await expect(storage.open("db-1/a.dump")).rejects.toMatchObject({ code: "Y6011" });
    server.trouble = undefined;
    expect(await storage.list()).toEqual([]);
  });

  it("that goes away in the middle of a large file ends the writer with Y6011", async () => {
    const storage = emptyStore();
    let parts = 0;
    const put = storage.put("db-1/a.dump", async (sink) => {
      for (const chunk of megabytes(64)) {
        await writing(chunk)(sink);
        parts += 1;
        if (parts === 20) server.trouble = (context) => context.res.destroy();
      }
    });
    await expect(put).rejects.toMatchObject({ code: "Y6011" });
    server.trouble = undefined;
    expect(await storage.list()).toEqual([]);
    await storage.put("db-1/a.dump", writing("again"));
    expect((await readAll((await storage.open("db-1/a.dump")).stream)).toString()).toBe("again");
  });

  it("where nobody listens, and one that nobody should trust, are Y6011", async () => {
    const closed: Server = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    await expect(emptyStore({ endpoint: `https://127.0.0.1:${port}` }).list()).rejects.toMatchObject({
      code: "Y6011",
    });
    vi.stubEnv("POSTERN_S3_CA_FILE", "");
    await expect(emptyStore().list()).rejects.toMatchObject({ code: "Y6011" });
    vi.stubEnv("POSTERN_S3_CA_FILE", authority.ca);
  });

  it("that refuses the keys, or has no such bucket, is Y6012", async () => {
    vi.stubEnv("POSTERN_S3_ACCESS_KEY_ID", "NOBODY");
    await expect(emptyStore().put("db-1/a.dump", writing("a"))).rejects.toMatchObject({ code: "Y6012" });
    vi.stubEnv("POSTERN_S3_ACCESS_KEY_ID", server.accessKeyId);
    await expect(
      emptyStore({ bucket: "no-such-bucket" }).put("db-1/a.dump", writing("a")),
    ).rejects.toMatchObject({
      code: "Y6012",
      detail: expect.stringContaining("no-such-bucket"),
    });
  });

  it("reads its keys from a file that only its owner may read, where the environment has none", async () => {
    vi.stubEnv("POSTERN_S3_ACCESS_KEY_ID", "");
    const file = join(root, "s3-keys");
    const storage = new S3Storage(config({ prefix: "by-file" }), root);
    await expect(storage.list()).rejects.toMatchObject({
      code: "Y6012",
      hint: expect.stringContaining(file),
    });
    const content = `access_key_id = ${server.accessKeyId}\nsecret_access_key = ${server.secretAccessKey}\n`;
    await writeFile(file, content, { mode: 0o644 });
    await expect(storage.list()).rejects.toMatchObject({ code: "Y6012" });
    await rm(file);
    await writeFile(file, content, { mode: 0o600 });
    expect(await storage.list()).toEqual([]);
    vi.stubEnv("POSTERN_S3_ACCESS_KEY_ID", server.accessKeyId);
  });
});
