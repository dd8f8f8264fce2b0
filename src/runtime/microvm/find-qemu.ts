/** In charge of the QEMU that runs guests: the system's if it is recent enough, else a private one from packages. */
import { readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { posternError } from "../../base/error.ts";
import { versionOf } from "../program-version.ts";
import { type BuildReport, pointAtLibraries, unreadFolders, upstreamVersion } from "../unpack-packages.ts";
import { imageCommand } from "./guest-image.ts";

export interface Qemu {
  /** Folder of a private one, or "system". */
  directory: string;
  system: string;
  image: string;
  version: string;
  /** Where its firmware is, beyond the folders that it knows itself. */
  dataFolders: string[];
}

const versionPattern = /version (\d+\.\d+(?:\.\d+)?)/;
/** Of programs that were asked, by what they were then: whoever wakes a guest does not wait for that each time. */
const versions = new Map<string, string>();

const recipe = 1;
const oldest = [7, 0] as const;

export const qemuPackages = ["qemu-system-x86", "qemu-utils"];

export async function findQemu(root: string): Promise<Qemu | undefined> {
  return (await findSystemQemu()) ?? findPrivateQemu(root);
}

/** @throws Y8103 */
export async function requireQemu(root: string): Promise<Qemu> {
  const found = await findQemu(root);
  if (found) return found;
  throw posternError("Y8103", "There is no QEMU to run guests with.", {
    hint: `Have Postern fetch one for itself: ${imageCommand}  (or: apt-get install ${qemuPackages.join(" ")})`,
  });
}

async function findSystemQemu(): Promise<Qemu | undefined> {
  const programs = { system: "/usr/bin/qemu-system-x86_64", image: "/usr/bin/qemu-img" };
  return open("system", programs, []).catch(() => undefined);
}

async function findPrivateQemu(root: string): Promise<Qemu | undefined> {
  const names = (await readdir(root).catch(() => [])).filter((name) => name.startsWith(`qemu-r${recipe}-`));
  names.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  for (const name of names) {
    const directory = join(root, name);
    const bin = join(directory, "usr/bin");
    const programs = { system: join(bin, "qemu-system-x86_64"), image: join(bin, "qemu-img") };
    const folders = ["qemu", "seabios"].map((folder) => join(directory, "usr/share", folder));
    const found = await open(directory, programs, folders).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

async function open(
  directory: string,
  programs: Pick<Qemu, "system" | "image">,
  dataFolders: string[],
): Promise<Qemu | undefined> {
  const states = await Promise.all(Object.values(programs).map((file) => stat(file)));
  const key = states.map(({ dev, ino, size, mtimeMs }) => `${dev} ${ino} ${size} ${mtimeMs}`).join(", ");
  const version = versions.get(key) ?? (await versionOf(programs.system, versionPattern));
  versions.set(key, version);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) return undefined;
  return { directory, ...programs, version, dataFolders };
}

/** Of unpacked packages, beside the toolchains; one that another process made meanwhile is as good. */
export async function buildQemu(
  root: string,
  unpacked: string,
  packages: ReadonlyMap<string, string>,
  report: BuildReport,
): Promise<void> {
  report({ type: "phase", message: "Fitting QEMU to its own libraries" });
  const version = upstreamVersion(packages.get("qemu-system-x86")!);
  const target = join(root, `qemu-r${recipe}-${version}`);
  await pointAtLibraries(unpacked, target, ["usr/bin/qemu-system-x86_64", "usr/bin/qemu-img"]);
  for (const folder of [...unreadFolders, ...(await unusedBy(unpacked))])
    await rm(join(unpacked, folder), { recursive: true, force: true });
  await writeFile(
    join(unpacked, "manifest.json"),
    `${JSON.stringify({ recipe, packages: Object.fromEntries(packages) }, null, 2)}\n`,
  );
  await rename(unpacked, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
}

/** Other machines' firmware, and what packages bring along that no guest has. */
async function unusedBy(unpacked: string): Promise<string[]> {
  const kept = /^(bios-256k\.bin|kvmvapic\.bin|linuxboot.*\.bin|multiboot.*\.bin|efi-virtio\.rom|qemu)$/;
  const firmware = (await readdir(join(unpacked, "usr/share/qemu"))).filter((name) => !kept.test(name));
  return [
    "boot",
    "lib/modules",
    "usr/lib/modules",
    "usr/lib/ipxe",
    "usr/lib/udev",
    "usr/lib/systemd",
    "usr/share/icons",
    "usr/share/applications",
    "usr/share/gstreamer-1.0",
    "usr/lib/x86_64-linux-gnu/gstreamer-1.0",
    ...firmware.map((name) => join("usr/share/qemu", name)),
  ];
}
