/** In charge of taking what a project's folder holds: into a file of its own, bounded, and kept for a day. */
import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { UploadInfo } from "@postern/sdk/protocol";
import { requireDiskSpace } from "../base/disk-space.ts";
import { posternError } from "../base/error.ts";
import type { AccountId } from "../base/id.ts";
import type { Platform } from "../instances/platform.ts";
import { makeFolder, servicesFolder, uploadsFolder } from "./release-layout.ts";

export const mostUploadBytes = 256 * 1024 ** 2;
const keptMs = 86_400_000;

/** An id that names whose it is: nobody deploys what another one sent. */
const ownerOf = (accountId: AccountId): string =>
  createHash("sha256").update(accountId).digest("hex").slice(0, 8);

export const isUploadOf = (id: string, accountId: AccountId): boolean =>
  /^upl-[0-9a-f]{8}-[0-9a-f]{16}$/.test(id) && id.startsWith(`upl-${ownerOf(accountId)}-`);

/** @throws Y1004 */
export async function receiveUpload(
  platform: Platform,
  accountId: AccountId,
  body: Readable,
): Promise<UploadInfo> {
  const { home } = platform.config;
  await requireDiskSpace(platform, mostUploadBytes, "An upload");
  await makeFolder(servicesFolder(home), platform.account.separate ? 0o711 : 0o700);
  await makeFolder(uploadsFolder(home), 0o700);
  await removeOldUploads(uploadsFolder(home));
  const id = `upl-${ownerOf(accountId)}-${randomBytes(8).toString("hex")}`;
  const file = join(uploadsFolder(home), `${id}.tar.gz`);
  let size = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      done(size > mostUploadBytes ? tooLarge() : null, chunk);
    },
  });
  try {
    await pipeline(body, count, createWriteStream(file, { mode: 0o600 }));
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  return { id, size_bytes: size };
}

const tooLarge = () =>
  posternError(
    "Y1004",
    `The project's folder is larger than ${mostUploadBytes / 1024 ** 2} MiB, compressed.`,
    {
      hint: "Leave what is not needed out of it: what .gitignore names is not sent.",
    },
  );

async function removeOldUploads(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > keptMs) await rm(path, { force: true });
  }
}
