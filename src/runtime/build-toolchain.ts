/**
 * In charge of making the private toolchain: current Postgres, PgBouncer and pgBackRest from the distribution's packages, unpacked
 * into a folder of their own with their own C library, so that no system package is installed, changed or relied upon.
 */
import { execFile } from "node:child_process";
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { posternError } from "../base/error.ts";
import { openApt } from "./apt.ts";
import { knowsPostgres } from "./find-pgbackrest.ts";
import { findToolchainSources } from "./toolchain-source.ts";

const exec = promisify(execFile);

/** Raised when a toolchain is made differently, so that one made before is not taken for the same. */
export const toolchainRecipe = 2;

/** Postgres majors in the order of preference. */
const majors = ["17", "18", "16"];

/** Pulled in as dependencies and not needed: a JIT that Postern turns off, interpreters, maintainer-script tools. */
const unneeded =
  /^(libllvm|libz3|perl|libperl|locales|libc-l10n|debconf|passwd|adduser|ssl-cert|openssl$|openssl-provider|postgresql-common|postgresql-client-common|logrotate|procps|cron|libdb5|sensible-utils|lsb-|sysvinit|init-system|cdebconf|dpkg|tar$|mawk|login)/;

export type BuildReport = (
  event: { type: "phase"; message: string } | { type: "progress"; done: number; total: number; unit: string },
) => void;

export interface ToolchainManifest {
  recipe: number;
  postgres_major: string;
  suite: string;
  packages: Record<string, string>;
}

/** Makes the toolchain below `root` and returns its folder; one that another process made meanwhile is as good. */
export async function buildToolchain(root: string, report: BuildReport): Promise<string> {
  await mkdir(root, { recursive: true, mode: 0o755 });
  const scratch = await mkdtemp(join(root, ".building-"));
  try {
    await chmod(scratch, 0o755);
    const { packages, major, suite } = await fetchPackages(scratch, report);
    const postgresVersion = upstreamVersion(packages.get(`postgresql-${major}`)!);
    const poolerVersion = upstreamVersion(packages.get("pgbouncer")!);
    const target = join(root, `r${toolchainRecipe}-postgres-${postgresVersion}-pgbouncer-${poolerVersion}`);
    const prefix = join(scratch, "prefix");
    await unpack(join(scratch, "packages"), prefix, report);
    report({ type: "phase", message: "Fitting the programs to their own libraries" });
    await fitPrograms(prefix, target, major);
    const manifest: ToolchainManifest = {
      recipe: toolchainRecipe,
      postgres_major: major,
      suite,
      packages: Object.fromEntries(packages),
    };
    await writeFile(join(prefix, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    await rename(prefix, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    return target;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function fetchPackages(scratch: string, report: BuildReport) {
  const failures: string[] = [];
  for (const source of await findToolchainSources()) {
    report({ type: "phase", message: `Reading the package lists (${source.suite})` });
    const apt = await openApt(join(scratch, `apt-${source.suite}`), source.lines);
    await apt.update();
    for (const major of majors) {
      const needed = ["pgbouncer", `postgresql-${major}`, `postgresql-${major}-pgvector`, "patchelf"];
      const resolved = (await resolveWithArchiver(apt, needed, major)) ?? (await apt.resolve(needed));
      if (!resolved || !recentEnough(resolved.get("pgbouncer")!, 1, 21)) {
        failures.push(`${source.suite}: no postgresql-${major} with PgBouncer >= 1.21`);
        continue;
      }
      const packages = new Map([...resolved].filter(([name]) => !unneeded.test(name)));
      report({
        type: "phase",
        message: `Downloading Postgres ${upstreamVersion(resolved.get(`postgresql-${major}`)!)} and PgBouncer ${upstreamVersion(resolved.get("pgbouncer")!)} (${packages.size} packages)`,
      });
      await downloadInParts(apt, [...packages.keys()], join(scratch, "packages"), report);
      return { packages, major, suite: source.suite };
    }
  }
  throw posternError("Y0002", "No package source of this machine has a recent Postgres and PgBouncer.", {
    detail: failures.join("\n"),
    hint: "Install Postgres 16 or newer and PgBouncer 1.21 or newer by hand, then set POSTERN_TOOLCHAIN=system.",
  });
}

/** With pgBackRest where there is one that knows this Postgres; Postern works without it, but for recovery to a point in time. */
async function resolveWithArchiver(
  apt: Awaited<ReturnType<typeof openApt>>,
  needed: readonly string[],
  major: string,
): Promise<Map<string, string> | undefined> {
  const resolved = await apt.resolve([...needed, "pgbackrest"]);
  const version = resolved?.get("pgbackrest");
  return version !== undefined && knowsPostgres(upstreamVersion(version), major) ? resolved : undefined;
}

/** A few calls instead of one, so that progress can be shown. */
async function downloadInParts(
  apt: { download(packages: readonly string[], directory: string): Promise<void> },
  names: string[],
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

async function unpack(packages: string, prefix: string, report: BuildReport): Promise<void> {
  const files = (await readdir(packages)).filter((name) => name.endsWith(".deb"));
  report({ type: "phase", message: "Unpacking" });
  await mkdir(prefix, { recursive: true });
  for (const [index, file] of files.entries()) {
    await exec("dpkg-deb", ["-x", join(packages, file), prefix]);
    report({ type: "progress", done: index + 1, total: files.length, unit: "packages unpacked" });
  }
  await rm(packages, { recursive: true, force: true });
}

/**
 * Points every program at the loader and libraries of the folder that it will be renamed to. RPATH and not RUNPATH: a
 * RUNPATH is not inherited by the libraries that libpq itself loads.
 */
async function fitPrograms(prefix: string, target: string, major: string): Promise<void> {
  const triplet = await findTriplet(prefix);
  const libraries = join(prefix, "usr/lib", triplet);
  const loader = (await readdir(libraries)).find((name) => /^ld-linux.*\.so\.\d$/.test(name))!;
  const bin = join(prefix, "usr/lib/postgresql", major, "bin");
  const archiver = join(prefix, "usr/bin/pgbackrest");
  const programs = [
    join(prefix, "usr/sbin/pgbouncer"),
    ...(await readdir(bin)).map((name) => join(bin, name)),
    ...(await stat(archiver).then(
      () => [archiver],
      () => [],
    )),
  ];
  const patchelf = ["--library-path", libraries, join(prefix, "usr/bin/patchelf")];
  const finalLibraries = join(target, "usr/lib", triplet);
  const edits = [
    "--set-interpreter",
    join(finalLibraries, loader),
    "--force-rpath",
    "--set-rpath",
    finalLibraries,
  ];
  for (const program of programs) {
    // patchelf was made for the new C library too, so it is started through the new loader.
    if (await isElf(program)) await exec(join(libraries, loader), [...patchelf, ...edits, program]);
  }
  await markVectorTrusted(join(prefix, "usr/share/postgresql", major, "extension/vector.control"));
  const leftovers = [
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/lintian",
    "etc",
    "var",
    `usr/lib/postgresql/${major}/lib/bitcode`,
    `usr/lib/postgresql/${major}/lib/llvmjit.so`,
  ];
  for (const folder of leftovers) await rm(join(prefix, folder), { recursive: true, force: true });
}

/** Owners of databases are no superusers: an extension must be marked trusted for them to create it. */
async function markVectorTrusted(control: string): Promise<void> {
  await appendFile(control, "trusted = true\n");
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

/** `17.11-0+deb13u1` → `17.11`. */
const upstreamVersion = (version: string): string => version.replace(/^\d+:/, "").replace(/[-~+].*$/, "");

function recentEnough(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = upstreamVersion(version).split(".").map(Number);
  return a > major || (a === major && b >= minor);
}
