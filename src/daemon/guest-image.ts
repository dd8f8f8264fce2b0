/** In charge of making and describing guest images for whoever administers the machine; no daemon need run. */
import type { GuestImageInfo } from "@postern/sdk/protocol";
import type { Config } from "../base/config.ts";
import { asPosternError } from "../base/error.ts";
import { ensureToolchain } from "../runtime/ensure-toolchain.ts";
import { buildGuestImage } from "../runtime/microvm/build-image.ts";
import { findQemu } from "../runtime/microvm/find-qemu.ts";
import { type GuestImage, listGuestImages, verifyGuestImage } from "../runtime/microvm/guest-image.ts";
import { postgresMajor } from "../runtime/toolchain.ts";

export interface MakeImageOptions {
  force: boolean;
  /** Hears phases and progress, and `made` with the image at the end. */
  tell(event: unknown): void;
}

/** Of the toolchain's major: the one that databases are of unless they ask for another. */
export async function makeGuestImage(config: Config, { force, tell }: MakeImageOptions): Promise<void> {
  const major = postgresMajor(await ensureToolchain(config, tell));
  const image = await buildGuestImage({ root: config.toolchainDirectory, major, force, report: tell });
  const qemu = await findQemu(config.toolchainDirectory);
  tell({
    type: "made",
    image: await describe(image),
    qemu: { version: qemu?.version, directory: qemu?.directory },
  });
}

/** And the version of the QEMU that would run them, if there is one. */
export async function describeGuestImages({
  toolchainDirectory: root,
}: Config): Promise<{ images: GuestImageInfo[]; qemu: string | undefined }> {
  const images = await Promise.all((await listGuestImages(root)).map(describe));
  return { images, qemu: (await findQemu(root))?.version };
}

async function describe(image: GuestImage): Promise<GuestImageInfo> {
  const { postgres_version, kernel, made_at, files } = image.manifest;
  const state = await verifyGuestImage(image).then(
    () => "whole",
    (error: unknown) => asPosternError(error).detail ?? "damaged",
  );
  const size_bytes = Object.values(files).reduce((sum, file) => sum + file.size_bytes, 0);
  return { directory: image.directory, postgres_version, kernel, made_at, size_bytes, state };
}
