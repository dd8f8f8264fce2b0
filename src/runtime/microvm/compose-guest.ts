/** In charge of what a guest boots from: the kernel, the archive that it unpacks first, and the read-only system. */
import { execFile } from "node:child_process";
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { messageOf, posternError } from "../../base/error.ts";
import { markVectorTrusted, unreadFolders } from "../unpack-packages.ts";
import { type ArchiveEntry, directoryMode, fileMode, makeInitramfs, programMode } from "./archive-files.ts";
import { kernelModules, renderGuestInit } from "./guest-init.ts";

const exec = promisify(execFile);

export interface Kernel {
  file: string;
  version: string;
}

/** The newest of the unpacked packages. @throws Y8102 */
export async function findKernel(machine: string): Promise<Kernel> {
  const names = (await readdir(join(machine, "boot")).catch(() => [])).filter((name) =>
    name.startsWith("vmlinuz-"),
  );
  const [name] = names.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  if (name === undefined) throw posternError("Y8102", "The unpacked packages hold no kernel.");
  return { file: join(machine, "boot", name), version: name.slice("vmlinuz-".length) };
}

export interface InitramfsOptions {
  machine: string;
  kernel: Kernel;
  /** Of Postgres. */
  major: string;
  /** Of the image. */
  directory: string;
}

export async function composeInitramfs({
  machine,
  kernel,
  major,
  directory,
}: InitramfsOptions): Promise<void> {
  await copyFile(kernel.file, join(directory, "vmlinuz"));
  const folders = ["bin", "proc", "sys", "dev", "root", "modules"];
  const entries: ArchiveEntry[] = folders.map((path) => ({ path, mode: directoryMode }));
  entries.push({
    path: "bin/busybox",
    mode: programMode,
    content: await readFile(await findBusybox(machine)),
  });
  entries.push({ path: "bin/sh", mode: 0o120777, content: Buffer.from("busybox") });
  for (const [name, content] of await readModules(machine, kernel.version))
    entries.push({ path: `modules/${name}.ko`, mode: fileMode, content });
  const postgres = `/usr/lib/postgresql/${major}/bin/postgres`;
  entries.push({ path: "init", mode: programMode, content: Buffer.from(renderGuestInit(postgres)) });
  await writeWhole(join(directory, "initramfs"), makeInitramfs(entries));
  await chmod(join(directory, "vmlinuz"), 0o644);
}

/** A module that is built in has no file. */
async function readModules(machine: string, version: string): Promise<Map<string, Buffer>> {
  const root = await firstThere([
    join(machine, "usr/lib/modules", version),
    join(machine, "lib/modules", version),
  ]);
  const found = new Map<string, Buffer>();
  if (root === undefined) return found;
  for (const file of await readdir(root, { recursive: true })) {
    const match = /([^/]+)\.ko(\.xz|\.zst|\.gz)?$/.exec(file);
    if (match && (kernelModules as readonly string[]).includes(match[1]!))
      found.set(match[1]!, await readModule(join(root, file), match[2]));
  }
  return found;
}

const unpackers: Record<string, string> = { ".xz": "xz", ".zst": "zstd", ".gz": "gzip" };

const readModule = async (file: string, suffix: string | undefined): Promise<Buffer> =>
  withoutSignature(await unpackModule(file, suffix));

const signatureMark = Buffer.from("~Module signature appended~\n");

/** The image is checked as a whole; a guest that is emulated takes a tenth of a second to check one module. */
export function withoutSignature(module: Buffer): Buffer {
  const noteAt = module.length - signatureMark.length - 12;
  if (noteAt < 0 || !module.subarray(-signatureMark.length).equals(signatureMark)) return module;
  const signatureBytes = module.readUInt32BE(noteAt + 8);
  return signatureBytes > noteAt ? module : module.subarray(0, noteAt - signatureBytes);
}

async function unpackModule(file: string, suffix: string | undefined): Promise<Buffer> {
  if (suffix === undefined) return readFile(file);
  const options = { encoding: "buffer", maxBuffer: 64 * 1024 ** 2 } as const;
  const program = unpackers[suffix]!;
  try {
    return (await exec(program, ["-dc", file], options)).stdout;
  } catch (error) {
    throw posternError("Y8102", `The kernel's modules cannot be unpacked without ${program}.`, {
      detail: messageOf(error),
      hint: "Install xz-utils and zstd, then run the command again.",
    });
  }
}

export interface RootOptions {
  /** Unpacked packages; changed. */
  system: string;
  major: string;
  directory: string;
}

/** Written by mke2fs itself from the folder: nothing is mounted. */
export async function composeRoot({ system, major, directory }: RootOptions): Promise<void> {
  const library = join("usr/lib/postgresql", major, "lib");
  const unused = [
    ...unreadFolders,
    "boot",
    "usr/lib/udev",
    "usr/lib/systemd",
    "usr/share/perl",
    "usr/share/perl5",
    "usr/share/common-licenses",
    "usr/share/bug",
    join(library, "bitcode"),
    join(library, "llvmjit.so"),
    join(library, "llvmjit_types.bc"),
  ];
  const busybox = await readFile(await findBusybox(system));
  for (const name of unused) await rm(join(system, name), { recursive: true, force: true });
  for (const name of ["bin", "sbin"]) await rm(join(system, name), { recursive: true, force: true });
  for (const name of ["dev", "proc", "sys", "tmp", "run", "data", "etc", "usr/bin", "usr/sbin"])
    await mkdir(join(system, name), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) await link(`usr/${name}`, join(system, name));
  await writeWhole(join(system, "usr/bin/busybox"), busybox, 0o755);
  // Postgres runs commands by a shell, and users' programs may be asked for by COPY; all of it is in the guest.
  for (const name of ["sh", "true", "false", "cat", "ls", "cp", "id"]) {
    await rm(join(system, "usr/bin", name), { force: true });
    await link("busybox", join(system, "usr/bin", name));
  }
  for (const name of ["passwd", "group"]) await link(`/run/${name}`, join(system, "etc", name));
  await writeWhole(join(system, "etc/hosts"), Buffer.from("127.0.0.1 localhost\n"));
  await markVectorTrusted(system, major);
  const target = join(directory, "root.ext4");
  await makeFileSystem(system, target, Math.ceil(((await sizeOf(system)) * 1.15) / 1024 ** 2) + 16);
}

async function makeFileSystem(folder: string, target: string, megabytes: number): Promise<void> {
  const options = [
    "-q",
    "-t",
    "ext4",
    "-O",
    "^has_journal",
    "-m",
    "0",
    "-E",
    "root_owner=0:0",
    "-d",
    folder,
    "-F",
  ];
  try {
    await exec(await findMkfs(), [...options, target, `${megabytes}M`]);
  } catch (error) {
    throw posternError("Y8102", "The guest's system could not be written.", { detail: messageOf(error) });
  }
}

/** @throws Y8102 */
export async function findMkfs(): Promise<string> {
  const found = await firstThere(["/sbin/mke2fs", "/usr/sbin/mke2fs"]);
  if (found !== undefined) return found;
  throw posternError("Y8102", "There is no mke2fs to write disks with.", {
    hint: "apt-get install e2fsprogs",
  });
}

async function findBusybox(prefix: string): Promise<string> {
  const found = await firstThere([join(prefix, "usr/bin/busybox"), join(prefix, "bin/busybox")]);
  if (found !== undefined) return found;
  throw posternError("Y8102", "The unpacked packages hold no busybox.");
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

async function writeWhole(file: string, content: Uint8Array, mode = 0o644): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, content);
  await chmod(file, mode);
}

async function firstThere(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const isThere = await stat(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/** In blocks, as a file system counts. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const size = entry.isFile() ? (await lstat(join(entry.parentPath, entry.name))).size : 0;
    bytes += Math.ceil((size + 1) / 4096) * 4096 + 256;
  }
  return bytes;
}
