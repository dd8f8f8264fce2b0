/**
 * In charge of making a guest image from the distribution's packages: downloaded and verified by apt, unpacked, put
 * together and written by programs that need no root and no mounts.
 */
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { posternError } from "../../base/error.ts";
import { openApt } from "../apt.ts";
import { findGuestSources } from "../toolchain-source.ts";
import {
  type BuildReport,
  downloadInParts,
  neededOf,
  unpackPackages,
  upstreamVersion,
} from "../unpack-packages.ts";
import { composeInitramfs, composeRoot, findKernel } from "./compose-guest.ts";
import { buildQemu, findQemu, type Qemu, qemuPackages } from "./find-qemu.ts";
import {
  describeFiles,
  digestOf,
  findGuestImage,
  type GuestImage,
  type ImageManifest,
  imageFolder,
  imageRecipe,
  openGuestImage,
  verifyGuestImage,
} from "./guest-image.ts";

export interface BuildImageOptions {
  /** The toolchains' root: images are beside them. */
  root: string;
  /** Of Postgres. */
  major: string;
  /** Makes a new one though there is one. */
  force?: boolean;
  report: BuildReport;
}

/** The image for this major, with a QEMU to run it; made now if it is not there, or damaged. @throws Y8102 Y0002 */
export async function buildGuestImage(options: BuildImageOptions): Promise<GuestImage> {
  const { root, major, force = false } = options;
  requireArchitecture();
  await mkdir(root, { recursive: true, mode: 0o755 });
  const existing = await findGuestImage(root, major).catch(() => undefined);
  const qemu = await findQemu(root);
  if (existing && qemu && !force && (await isWhole(existing))) return existing;
  const scratch = await mkdtemp(join(root, ".building-"));
  try {
    await chmod(scratch, 0o755);
    return await make(options, scratch, qemu);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const isWhole = (image: GuestImage): Promise<boolean> =>
  verifyGuestImage(image).then(
    () => true,
    () => false,
  );

function requireArchitecture(): void {
  if (process.arch === "x64") return;
  throw posternError("Y8102", `Guests run on x86-64 machines only, and this is ${process.arch}.`, {
    hint: "Use `--isolation process`.",
  });
}

async function make({ root, major, report }: BuildImageOptions, scratch: string, qemu: Qemu | undefined) {
  const sources = await findGuestSources(major);
  const machine = join(scratch, "machine");
  const machinePackages = await fetch(
    scratch,
    "machine",
    sources.machine,
    [sources.kernelPackage, "busybox-static", "patchelf", ...(qemu ? [] : qemuPackages)],
    report,
  );
  await unpackPackages(join(scratch, "machine-packages"), machine, report);
  const system = join(scratch, "system");
  const wanted = [
    `postgresql-${major}`,
    `postgresql-${major}-pgvector`,
    "busybox-static",
    "tzdata",
    "e2fsprogs",
  ];
  const systemPackages = await fetch(scratch, "system", sources.system, wanted, report);
  await unpackPackages(join(scratch, "system-packages"), system, report);
  report({ type: "phase", message: "Writing the guest's system" });
  const image = join(scratch, "image");
  await mkdir(image, { mode: 0o755 });
  const kernel = await findKernel(machine);
  await composeInitramfs({ machine, kernel, major, directory: image });
  await composeRoot({ system, major, directory: image });
  if (!qemu) await buildQemu(root, machine, machinePackages, report);
  const postgresVersion = upstreamVersion(systemPackages.get(`postgresql-${major}`)!);
  return keep(root, image, {
    recipe: imageRecipe,
    postgres_major: major,
    postgres_version: postgresVersion,
    kernel: kernel.version,
    made_at: new Date().toISOString(),
    files: await describeFiles(image),
    packages: Object.fromEntries(
      [...machinePackages, ...systemPackages].filter(([name]) =>
        /^(linux-image|postgresql|busybox|libc6|libssl)/.test(name),
      ),
    ),
  });
}

/** Whole and under its own name, or not there. */
async function keep(root: string, image: string, manifest: ImageManifest): Promise<GuestImage> {
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  await writeFile(join(image, "manifest.json"), text);
  const target = join(root, imageFolder(manifest.postgres_version, manifest.kernel, digestOf(text)));
  await rename(image, target);
  return openGuestImage(target);
}

/** What only helps to install packages or to make a kernel's own first system. */
const unneeded =
  /^(initramfs-tools|udev|kmod|klibc|libklibc|cpio|iso-codes|coreutils|linux-base|libpam|libsemanage|libsepol|libaudit|libasound2-data|libdrm-common|logsave|gcc-)/;

async function fetch(
  scratch: string,
  name: string,
  source: { lines: string[]; suite: string },
  wanted: readonly string[],
  report: BuildReport,
): Promise<Map<string, string>> {
  report({ type: "phase", message: `Reading the package lists (${source.suite})` });
  const apt = await openApt(join(scratch, `apt-${name}`), source.lines);
  await apt.update();
  const resolved = await apt.resolve(wanted);
  if (!resolved) {
    throw posternError("Y8102", `The package archive lacks what a guest is made of.`, {
      detail: `${source.suite}: ${wanted.join(", ")}`,
      hint: "`apt-get update` shows whether the machine reaches its mirror.",
    });
  }
  const packages = new Map(
    [...neededOf(resolved)].filter(([one]) => name === "system" || !unneeded.test(one)),
  );
  report({ type: "phase", message: `Downloading the guest's ${name} (${packages.size} packages)` });
  await downloadInParts(apt, [...packages.keys()], join(scratch, `${name}-packages`), report);
  return packages;
}
