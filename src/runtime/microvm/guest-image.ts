/**
 * In charge of guest images: a kernel, what it unpacks first and a read-only system with Postgres, made together and never
 * changed afterwards. Whatever is to be different is made beside it, so that guests keep what they run with.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { posternError } from "../../base/error.ts";

/** Raised when an image is made differently, so that one made before is not taken for the same. */
export const imageRecipe = 2;

const fileNames = ["vmlinuz", "initramfs", "root.ext4"] as const;
export type ImageFile = (typeof fileNames)[number];

export interface ImageManifest {
  recipe: number;
  postgres_major: string;
  postgres_version: string;
  kernel: string;
  made_at: string;
  files: Record<ImageFile, { sha256: string; size_bytes: number }>;
  packages: Record<string, string>;
}

export interface GuestImage {
  directory: string;
  manifest: ImageManifest;
  /** Tells images apart: of everything that is in it. */
  digest: string;
}

export const imageCommand = "postern admin image build";

export const imageFile = ({ directory }: Pick<GuestImage, "directory">, name: ImageFile): string =>
  join(directory, name);

/** Folder of an image below the toolchains' root. */
export const imageFolder = (postgresVersion: string, kernel: string, digest: string): string =>
  `guest-r${imageRecipe}-postgres-${postgresVersion}-linux-${kernel}-${digest}`;

/** Every image that is there, newest first. */
export async function listGuestImages(root: string): Promise<GuestImage[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => name.startsWith("guest-r"));
  const images = await Promise.all(
    names.map((name) => openGuestImage(join(root, name)).catch(() => undefined)),
  );
  return images
    .filter((image) => image !== undefined)
    .sort((a, b) => b.manifest.made_at.localeCompare(a.manifest.made_at));
}

/** The newest for this major. @throws Y8100 */
export async function findGuestImage(root: string, major: string): Promise<GuestImage> {
  const images = await listGuestImages(root);
  const found = images.find(
    ({ manifest }) => manifest.postgres_major === major && manifest.recipe === imageRecipe,
  );
  if (found) return found;
  throw posternError("Y8100", `There is no guest image with Postgres ${major}.`, {
    hint: `Make one, once for this machine: ${imageCommand}`,
  });
}

export async function openGuestImage(directory: string): Promise<GuestImage> {
  const text = await readFile(join(directory, "manifest.json"), "utf8");
  return { directory, manifest: JSON.parse(text) as ImageManifest, digest: digestOf(text) };
}

export const digestOf = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 12);

/** What was found right once, by size, time and inode, is not read again by this process. */
const verified = new Map<string, string>();

/** @throws Y8101 naming the file that is missing or is not what it was when the image was made. */
export async function verifyGuestImage(image: GuestImage): Promise<void> {
  for (const name of fileNames) {
    const file = imageFile(image, name);
    const wanted = image.manifest.files[name];
    const info = await stat(file).catch(() => undefined);
    if (!info) throw altered(file, "is missing");
    if (info.size !== wanted.size_bytes)
      throw altered(file, `has ${info.size} bytes instead of ${wanted.size_bytes}`);
    const state = `${info.ino} ${info.size} ${info.mtimeMs} ${info.ctimeMs}`;
    if (verified.get(file) === state) continue;
    if ((await checksumOf(file)) !== wanted.sha256) throw altered(file, "has another content");
    verified.set(file, state);
  }
}

export async function checksumOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1024 ** 2 }), hash);
  return hash.digest("hex");
}

const altered = (file: string, how: string) =>
  posternError("Y8101", "The guest image is damaged.", {
    detail: `${file} ${how}.`,
    hint: `Make it anew: ${imageCommand} --force`,
  });

export async function describeFiles(directory: string): Promise<ImageManifest["files"]> {
  const entries = await Promise.all(
    fileNames.map(async (name) => {
      const file = join(directory, name);
      return [name, { sha256: await checksumOf(file), size_bytes: (await stat(file)).size }] as const;
    }),
  );
  return Object.fromEntries(entries) as ImageManifest["files"];
}
