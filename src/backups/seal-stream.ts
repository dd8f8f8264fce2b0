/**
 * In charge of encrypted files: AES-256-GCM in chunks, so that any length streams, and so that no chunk can be changed,
 * moved, left out or cut off unnoticed. The header is `PSTNBK01`, 8 bytes of the key's id, 16 bytes of salt and the length
 * of a chunk (uint32); the file's own key is HKDF-SHA256 of key and salt. Chunk n has the nonce 0 0 0, n (uint64),
 * 1 if it is the last and else 0; the header is authenticated with each. docs/operations.md shows how to read one by hand.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import type { BackupKey } from "./backup-keys.ts";

const magic = Buffer.from("PSTNBK01");
export const headerBytes = 36;
const tagBytes = 16;
const usualChunkBytes = 65_536;
const largestChunkBytes = 16 * 1024 * 1024;

const fileKeyOf = (key: Buffer, salt: Buffer): Buffer =>
  Buffer.from(hkdfSync("sha256", key, salt, "postern backup", 32));

function nonceOf(index: bigint, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(index, 3);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

/** Gives out whole chunks; keeps one back until it is known whether it is the last. */
abstract class ChunkTransform extends Transform {
  #held: Buffer[] = [];
  #heldBytes = 0;

  protected abstract chunkBytes(): number;
  protected abstract turn(chunk: Buffer, isLast: boolean): Buffer;

  protected feed(data: Buffer): void {
    this.#held.push(data);
    this.#heldBytes += data.length;
    const size = this.chunkBytes();
    if (this.#heldBytes <= size) return;
    let all = Buffer.concat(this.#held);
    for (; all.length > size; all = all.subarray(size)) this.push(this.turn(all.subarray(0, size), false));
    this.#held = [all];
    this.#heldBytes = all.length;
  }

  protected finish(): void {
    this.push(this.turn(Buffer.concat(this.#held), true));
  }
}

/** Plain bytes in, an encrypted file out. */
export class SealStream extends ChunkTransform {
  readonly #header: Buffer;
  readonly #key: Buffer;
  #index = 0n;
  #begun = false;

  constructor(key: BackupKey) {
    super();
    const salt = randomBytes(16);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(usualChunkBytes);
    this.#header = Buffer.concat([magic, Buffer.from(key.id, "hex"), salt, length]);
    this.#key = fileKeyOf(key.bytes, salt);
  }

  override _transform(data: Buffer, _encoding: string, done: TransformCallback): void {
    this.#begin();
    this.feed(data);
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#begin();
    this.finish();
    done();
  }

  #begin(): void {
    if (!this.#begun) this.push(this.#header);
    this.#begun = true;
  }

  protected override chunkBytes(): number {
    return usualChunkBytes;
  }

  protected override turn(chunk: Buffer, isLast: boolean): Buffer {
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonceOf(this.#index, isLast)).setAAD(
      this.#header,
    );
    this.#index += 1n;
    return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  }
}

/** An encrypted file in, plain bytes out; an error when it is not as it was written. */
export class OpenStream extends ChunkTransform {
  readonly #id: string;
  readonly #bytes: Buffer;
  #head: Buffer = Buffer.alloc(0);
  #key: Buffer | undefined;
  #size = 0;
  #index = 0n;

  constructor(key: BackupKey) {
    super();
    this.#id = key.id;
    this.#bytes = key.bytes;
  }

  override _transform(data: Buffer, _encoding: string, done: TransformCallback): void {
    try {
      if (this.#key) this.feed(data);
      else this.#readHeader(Buffer.concat([this.#head, data]));
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      if (!this.#key) throw new Error("the file ends within its header");
      this.finish();
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  #readHeader(data: Buffer): void {
    this.#head = data.subarray(0, headerBytes);
    if (data.length < headerBytes) return;
    const size = data.readUInt32BE(32);
    const isOurs = data.subarray(0, 8).equals(magic) && size > 0 && size <= largestChunkBytes;
    if (!isOurs) throw new Error("it is not an encrypted backup");
    if (data.toString("hex", 8, 16) !== this.#id) throw new Error("it is encrypted with another key");
    this.#size = size + tagBytes;
    this.#key = fileKeyOf(this.#bytes, data.subarray(16, 32));
    if (data.length > headerBytes) this.feed(data.subarray(headerBytes));
  }

  protected override chunkBytes(): number {
    return this.#size;
  }

  protected override turn(chunk: Buffer, isLast: boolean): Buffer {
    if (chunk.length < tagBytes) throw new Error("the file was cut off");
    const nonce = nonceOf(this.#index, isLast);
    this.#index += 1n;
    const decipher = createDecipheriv("aes-256-gcm", this.#key!, nonce).setAAD(this.#head);
    decipher.setAuthTag(chunk.subarray(-tagBytes));
    try {
      return Buffer.concat([decipher.update(chunk.subarray(0, -tagBytes)), decipher.final()]);
    } catch {
      throw new Error(`chunk ${this.#index - 1n} is not as it was written`);
    }
  }
}
