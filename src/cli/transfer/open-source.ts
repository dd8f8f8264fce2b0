/** In charge of what an import reads from: what kind of dump a file is, and how it is read. */
import { createReadStream, createWriteStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { hasCode, posternError } from "../../base/error.ts";

export type Source =
  /** What pg_restore reads: a file in custom or tar format, or a directory. */
  | { kind: "archive"; path: string; format: "custom" | "directory" | "tar" }
  | { kind: "script"; sizeBytes: number; open(onBytes: (bytes: number) => void): Readable };

/** @param scratch folder for what cannot be read where it is. @throws Y6032 */
export async function openSource(path: string, scratch: string): Promise<Source> {
  if (path === "-") {
    const file = join(scratch, "stdin");
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }));
    return openFile(file, "stdin", scratch);
  }
  const entry = await stat(path).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT", "ENOTDIR")) throw error;
    throw posternError("Y6032", `There is no file ${path}.`, {
      hint: "Give the path of a dump, - for stdin, or a postgres:// address.",
    });
  });
  if (!entry.isDirectory()) return openFile(path, path, scratch);
  await stat(join(path, "toc.dat")).catch(() => {
    throw posternError("Y6032", `${path} is no dump: the folder has no toc.dat.`, {
      hint: "Give the folder that `pg_dump --format=directory` wrote.",
    });
  });
  return { kind: "archive", path, format: "directory" };
}

async function openFile(path: string, name: string, scratch: string): Promise<Source> {
  const head = await readHead(path);
  if (head.length === 0) throw posternError("Y6032", `${name} is empty.`);
  if (isGzip(head)) {
    const inside = await readHead(path, true);
    if (archiveFormat(inside) === undefined) return script(path, true);
    const file = join(scratch, "archive");
    await pipeline(createReadStream(path), createGunzip(), createWriteStream(file, { mode: 0o600 }));
    return { kind: "archive", path: file, format: archiveFormat(inside)! };
  }
  const format = archiveFormat(head);
  if (format) return { kind: "archive", path, format };
  if (head.includes(0)) {
    throw posternError("Y6032", `${name} is neither a dump of pg_dump's nor SQL.`, {
      hint: "pg_dump's formats custom, directory, tar and plain can be imported; plain also as .gz.",
    });
  }
  return script(path, false);
}

async function script(path: string, zipped: boolean): Promise<Source> {
  const { size } = await stat(path);
  return {
    kind: "script",
    sizeBytes: size,
    open(onBytes) {
      const file = createReadStream(path);
      let bytes = 0;
      file.on("data", (chunk) => {
        bytes += chunk.length;
        onBytes(bytes);
      });
      file.pause();
      if (!zipped) return file;
      const plain = createGunzip();
      pipeline(file, plain).catch((error: Error) => plain.destroy(error));
      return plain;
    },
  };
}

async function readHead(path: string, unzip = false): Promise<Buffer> {
  if (!unzip) {
    const handle = await open(path, "r");
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(1024), 0, 1024, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  }
  const file = createReadStream(path, { end: 256 * 1024 });
  const plain = file.pipe(createGunzip());
  try {
    for await (const chunk of Readable.from(plain)) return (chunk as Buffer).subarray(0, 1024);
  } catch {
    // What is damaged is told of when it is read whole.
  } finally {
    file.destroy();
  }
  return Buffer.alloc(0);
}

const isGzip = (head: Buffer): boolean => head[0] === 0x1f && head[1] === 0x8b;

function archiveFormat(head: Buffer): "custom" | "tar" | undefined {
  if (head.subarray(0, 5).toString("latin1") === "PGDMP") return "custom";
  return head.subarray(257, 262).toString("latin1") === "ustar" ? "tar" : undefined;
}
