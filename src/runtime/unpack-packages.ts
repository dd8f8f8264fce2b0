/**
 * In charge of turning packages of a distribution into programs that run from a folder of their own, with the C library
 * and the libraries that they were made for.
 */
import { execFile } from "node:child_process";
import { appendFile, cp, lstat, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { posternError } from "../base/error.ts";
import type { Apt } from "./apt.ts";

const exec = promisify(execFile);

/** Pulled in as dependencies and not needed: a JIT that Postern turns off, interpreters, maintainer-script tools. */
const unneeded =
  /^(libllvm|libz3|perl|libperl|locales|libc-l10n|debconf|passwd|adduser|ssl-cert|openssl$|openssl-provider|postgresql-common|postgresql-client-common|logrotate|procps|cron|libdb5|sensible-utils|lsb-|sysvinit|init-system|cdebconf|dpkg|tar$|mawk|login)/;

export type BuildReport = (
  event: { type: "phase"; message: string } | { type: "progress"; done: number; total: number; unit: string },
) => void;

/** Those of a resolved set that are worth downloading. */
export const neededOf = (resolved: ReadonlyMap<string, string>): Map<string, string> =>
  new Map([...resolved].filter(([name]) => !unneeded.test(name)));

/** A few calls instead of one, so that progress can be shown. */
export async function downloadInParts(
  apt: Pick<Apt, "download">,
  names: readonly string[],
  directory: string,
  report: BuildReport,
): Promise<void> {
  const size = 12;
  for (let from = 0; from < names.length; from += size) {
    report({ type: "progress", done: from, total: names.length, unit: "packages downloaded" });
    await apt.download(names.slice(from, from + size), directory);
  }
  report({ type: "progress", done: names.length, total: names.length, unit: "packages downloaded" });
}

export async function unpackPackages(packages: string, prefix: string, report: BuildReport): Promise<void> {
  const files = (await readdir(packages)).filter((name) => name.endsWith(".deb"));
  report({ type: "phase", message: "Unpacking" });
  await mkdir(prefix, { recursive: true });
  for (const [index, file] of files.entries()) {
    await exec("dpkg-deb", ["-x", join(packages, file), prefix]);
    report({ type: "progress", done: index + 1, total: files.length, unit: "packages unpacked" });
  }
  await rm(packages, { recursive: true, force: true });
  await mergeIntoUsr(prefix);
}

/** Packages of older releases still hold the C library outside /usr, where an installed system has a link only. */
async function mergeIntoUsr(prefix: string): Promise<void> {
  for (const folder of ["lib", "lib64"]) {
    const outside = join(prefix, folder);
    const isFolder = await lstat(outside).then(
      (info) => info.isDirectory(),
      () => false,
    );
    if (!isFolder) continue;
    await cp(outside, join(prefix, "usr", folder), { recursive: true, verbatimSymlinks: true, force: true });
    await rm(outside, { recursive: true, force: true });
  }
}

/** Points every program of Postgres, and those of `others` that are there, at their own libraries. */
export async function fitPrograms(
  prefix: string,
  target: string,
  major: string,
  others: readonly string[] = [],
): Promise<void> {
  const bin = join("usr/lib/postgresql", major, "bin");
  const programs = (await readdir(join(prefix, bin))).map((name) => join(bin, name));
  await pointAtLibraries(prefix, target, [...programs, ...others]);
  await markVectorTrusted(prefix, major);
  const leftovers = [...unreadFolders, `usr/lib/postgresql/${major}/lib/bitcode`];
  for (const folder of [...leftovers, `usr/lib/postgresql/${major}/lib/llvmjit.so`])
    await rm(join(prefix, folder), { recursive: true, force: true });
}

/** What no program of Postern's reads. */
export const unreadFolders = [
  "usr/share/doc",
  "usr/share/man",
  "usr/share/locale",
  "usr/share/lintian",
  "etc",
  "var",
];

/**
 * Points those of the programs that are there at the loader and libraries of the folder that the prefix will be renamed to.
 * RPATH and not RUNPATH: a RUNPATH is not inherited by the libraries that libpq itself loads.
 */
export async function pointAtLibraries(
  prefix: string,
  target: string,
  programs: readonly string[],
): Promise<void> {
  const triplet = await findTriplet(prefix);
  const libraries = join(prefix, "usr/lib", triplet);
  const loader = (await readdir(libraries)).find((name) => /^ld-linux.*\.so\.\d$/.test(name))!;
  const patchelf = ["--library-path", libraries, join(prefix, "usr/bin/patchelf")];
  const finalLibraries = join(target, "usr/lib", triplet);
  const interpreter = ["--set-interpreter", join(finalLibraries, loader)];
  const edits = [...interpreter, "--force-rpath", "--set-rpath", finalLibraries];
  for (const program of programs.map((name) => join(prefix, name))) {
    // patchelf was made for the new C library too, so it is started through the new loader.
    if ((await exists(program)) && (await isElf(program)))
      await exec(join(libraries, loader), [...patchelf, ...edits, program]);
  }
}

/** Owners of databases are no superusers: an extension must be marked trusted for them to create it. */
export async function markVectorTrusted(prefix: string, major: string): Promise<void> {
  const control = join(prefix, "usr/share/postgresql", major, "extension/vector.control");
  if (await exists(control)) await appendFile(control, "trusted = true\n");
}

async function findTriplet(prefix: string): Promise<string> {
  const found = (await readdir(join(prefix, "usr/lib"))).find((name) => name.endsWith("-linux-gnu"));
  if (found === undefined)
    throw posternError("Y0002", "The unpacked packages hold no libraries.", {
      hint: "Run the command again; if it stays so, report the machine's architecture.",
    });
  return found;
}

async function isElf(file: string): Promise<boolean> {
  const handle = await open(file, "r");
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.equals(Buffer.from("\x7fELF", "latin1"));
  } finally {
    await handle.close();
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** `17.11-0+deb13u1` → `17.11`. */
export const upstreamVersion = (version: string): string =>
  version.replace(/^\d+:/, "").replace(/[-~+].*$/, "");
