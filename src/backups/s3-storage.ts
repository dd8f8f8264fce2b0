/** In charge of backups in S3, or in what speaks as S3 does: streamed in parts, visible when the last one has arrived. */
import { createHash } from "node:crypto";
import { PassThrough, Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { posternError } from "../base/error.ts";
import { inParallel } from "../base/in-parallel.ts";
import type { S3Config } from "../base/read-s3.ts";
import type { BackupStorage, StoredFile } from "./backup-storage.ts";
import { openS3Client } from "./s3-client.ts";
import { explainS3, isMissing } from "./s3-failure.ts";

/** A file has at most 10,000 parts: 160 GiB. Two are held in memory for each backup under way. */
const partBytes = 16 * 1024 * 1024;
const readBytes = 8 * 1024 * 1024;

export class S3Storage implements BackupStorage {
  readonly #config: S3Config;
  readonly #secrets: string;

  /** @param secrets the folder in which a file may hold the access keys */
  constructor(config: S3Config, secrets: string) {
    this.#config = config;
    this.#secrets = secrets;
  }

  async put(
    key: string,
    write: (sink: Writable) => Promise<void>,
    onBytes?: (bytes: number) => void,
  ): Promise<StoredFile> {
    const hash = createHash("sha256");
    let sizeBytes = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        onBytes?.(sizeBytes);
        done(null, chunk);
      },
    });
    const body = new PassThrough({ highWaterMark: 1024 * 1024 });
    const flowing = pipeline(meter, body);
    const uploading = this.#upload(key, body).catch((error: unknown) => {
      // Whoever writes learns of it, and does not wait for ever for room.
      body.destroy(error as Error);
      throw error;
    });
    const writing = write(meter).then(
      () => void meter.end(),
      (error: unknown) => {
        meter.destroy(error as Error);
        throw error;
      },
    );
    throwCause(await Promise.allSettled([uploading, writing, flowing]));
    // An earlier attempt that lost the store could not take back what it had sent.
    if (sizeBytes > partBytes) await this.#abortUploads(key).catch(() => {});
    return { sizeBytes, checksum: hash.digest("hex") };
  }

  /** A failure takes back the parts that are there. */
  async #upload(key: string, body: Readable): Promise<void> {
    await this.#ask(async (client) => {
      const { Upload } = await import("@aws-sdk/lib-storage");
      const params = { ...this.#object(key), Body: body };
      await new Upload({
        client,
        params,
        partSize: partBytes,
        queueSize: 2,
        leavePartsOnError: false,
      }).done();
    });
  }

  /** Read in ranges: nobody keeps a connection open for a reader that takes its time. */
  async open(key: string) {
    const { HeadObjectCommand } = await import("@aws-sdk/client-s3");
    const head = await this.#ask((client) => client.send(new HeadObjectCommand(this.#object(key)))).catch(
      (error: unknown) => {
        throw isMissing(error) ? this.#missing(key) : error;
      },
    );
    const sizeBytes = head.ContentLength ?? 0;
    return { stream: Readable.from(this.#read(key, sizeBytes, head.ETag), { objectMode: false }), sizeBytes };
  }

  async *#read(key: string, sizeBytes: number, tag: string | undefined): AsyncGenerator<Buffer> {
    const { GetObjectCommand } = await import("@aws-sdk/client-s3");
    for (let from = 0; from < sizeBytes; from += readBytes) {
      const to = Math.min(sizeBytes, from + readBytes) - 1;
      yield await this.#ask(async (client) => {
        const range = { ...this.#object(key), Range: `bytes=${from}-${to}`, IfMatch: tag };
        const { Body } = await client.send(new GetObjectCommand(range));
        const bytes = Buffer.from(await Body!.transformToByteArray());
        if (bytes.length !== to - from + 1) throw new Error(`${bytes.length} bytes of ${to - from + 1} came`);
        return bytes;
      }).catch((error: unknown) => {
        throw isMissing(error) ? this.#missing(key) : error;
      });
    }
  }

  async delete(key: string): Promise<void> {
    const { DeleteObjectCommand } = await import("@aws-sdk/client-s3");
    await this.#ask((client) => client.send(new DeleteObjectCommand(this.#object(key)))).catch(
      (error: unknown) => {
        if (!isMissing(error)) throw error;
      },
    );
    await this.#abortUploads(key).catch(() => {});
  }

  async list(): Promise<string[]> {
    const { paginateListObjectsV2 } = await import("@aws-sdk/client-s3");
    const { bucket } = this.#config;
    return this.#ask(async (client) => {
      const keys: string[] = [];
      const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: this.#keyOf("") });
      for await (const { Contents = [] } of pages) {
        keys.push(...Contents.map(({ Key = "" }) => Key.slice(this.#keyOf("").length)));
      }
      return keys;
    });
  }

  async sweep(): Promise<void> {
    await this.#abortUploads("");
  }

  /** Everything below the prefix, finished or not. Repeatable. */
  async clear(): Promise<void> {
    const { DeleteObjectCommand } = await import("@aws-sdk/client-s3");
    await this.sweep();
    const remove = (key: string) =>
      this.#ask((client) => client.send(new DeleteObjectCommand(this.#object(key)))).catch(
        (error: unknown) => {
          if (!isMissing(error)) throw error;
        },
      );
    await inParallel(8, await this.list(), remove);
  }

  /** Parts of uploads that were cut off cost money and are seen nowhere. */
  async #abortUploads(prefix: string): Promise<void> {
    const { AbortMultipartUploadCommand, ListMultipartUploadsCommand } = await import("@aws-sdk/client-s3");
    const Bucket = this.#config.bucket;
    await this.#ask(async (client) => {
      for (;;) {
        const list = new ListMultipartUploadsCommand({ Bucket, Prefix: this.#keyOf(prefix) });
        const { Uploads = [], IsTruncated } = await client.send(list);
        for (const { Key, UploadId } of Uploads)
          await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
        if (!IsTruncated) return;
      }
    });
  }

  async #ask<Result>(work: (client: S3Client) => Promise<Result>): Promise<Result> {
    try {
      return await work(await openS3Client(this.#config, this.#secrets));
    } catch (error) {
      throw isMissing(error) ? error : explainS3(error, this.#config);
    }
  }

  readonly #keyOf = (key: string): string =>
    this.#config.prefix === "" ? key : `${this.#config.prefix}/${key}`;

  readonly #object = (key: string) => ({ Bucket: this.#config.bucket, Key: this.#keyOf(key) });

  readonly #missing = (key: string) =>
    posternError("Y6007", `The backup's file is missing: s3://${this.#config.bucket}/${this.#keyOf(key)}`);
}

type Ends = PromiseSettledResult<unknown>[];

/** All fail when one does: the store's own word first, unless it was told of the writer's. */
function throwCause([uploading, writing, flowing]: Ends): void {
  const isStores = (end: Ends[number] | undefined) =>
    end?.status === "rejected" && String((end.reason as { code?: unknown }).code).startsWith("Y60");
  for (const end of [isStores(uploading) ? uploading : writing, writing, uploading, flowing])
    if (end?.status === "rejected") throw end.reason;
}
