/** In charge of the two containers that a kernel unpacks by itself: an archive in cpio's format, compressed by gzip. */
import { gzipSync } from "node:zlib";

export interface ArchiveEntry {
  /** Without a leading slash. */
  path: string;
  /** With the kind of file, as in stat(2). */
  mode: number;
  content?: Uint8Array;
}

export const directoryMode = 0o040755;
export const programMode = 0o100755;
export const fileMode = 0o100644;

/** Everything belongs to root, and no time is noted: the same content makes the same archive. */
export function makeInitramfs(entries: readonly ArchiveEntry[]): Buffer {
  const parts: Uint8Array[] = [];
  const all = [...entries, { path: "TRAILER!!!", mode: 0, content: undefined }];
  for (const [index, entry] of all.entries()) parts.push(...encodeEntry(index + 1, entry));
  return gzipSync(Buffer.concat(parts), { level: 9 });
}

function encodeEntry(inode: number, { path, mode, content }: ArchiveEntry): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const size = content?.length ?? 0;
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(
    `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`,
    "latin1",
  );
  const parts: Uint8Array[] = [header, name, padding(header.length + name.length)];
  if (content) parts.push(content, padding(size));
  return parts;
}

const padding = (length: number): Uint8Array => new Uint8Array((4 - (length % 4)) % 4);
