/**
 * In charge of making Postgres of one major ready beside the toolchain: from the packages of the release of the
 * distribution that has it, unpacked into a folder of their own, like the toolchain itself.
 */
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { posternError } from "../base/error.ts";
import { type Apt, openApt } from "./apt.ts";
import { findMajorSource } from "./toolchain-source.ts";
import {
  type BuildReport,
  downloadInParts,
  fitPrograms,
  neededOf,
  unpackPackages,
  upstreamVersion,
} from "./unpack-packages.ts";

/** Raised when it is made differently, so that one made before is not taken for the same. */
const recipe = 1;

/** Folders of this major below the toolchains' root begin like this. */
export const majorPrefix = (major: string): string => `major-${major}-r${recipe}-`;

/** Makes it below `root` and returns its folder; one that another process made meanwhile is as good. @throws Y0002 */
export async function buildPostgres(root: string, major: string, report: BuildReport): Promise<string> {
  await mkdir(root, { recursive: true, mode: 0o755 });
  const scratch = await mkdtemp(join(root, ".building-"));
  try {
    await chmod(scratch, 0o755);
    const packages = await fetchPackages(scratch, major, report);
    const target = join(
      root,
      `${majorPrefix(major)}${upstreamVersion(packages.get(`postgresql-${major}`)!)}`,
    );
    const prefix = join(scratch, "prefix");
    await unpackPackages(join(scratch, "packages"), prefix, report);
    report({ type: "phase", message: "Fitting the programs to their own libraries" });
    await fitPrograms(prefix, target, major);
    await writeFile(
      join(prefix, "manifest.json"),
      `${JSON.stringify({ recipe, postgres_major: major, packages: Object.fromEntries(packages) }, null, 2)}\n`,
    );
    await rename(prefix, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
    return target;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function fetchPackages(
  scratch: string,
  major: string,
  report: BuildReport,
): Promise<Map<string, string>> {
  const source = await findMajorSource(major);
  report({ type: "phase", message: `Reading the package lists (${source.suite})` });
  const apt = await openApt(join(scratch, "apt"), source.lines);
  await apt.update();
  const resolved = await resolve(apt, major);
  if (!resolved)
    throw posternError("Y0002", `The package archive has no Postgres ${major}.`, {
      detail: `${source.suite}: postgresql-${major} cannot be installed from there.`,
      hint: `Install the package postgresql-${major} by hand, where there is one.`,
    });
  const packages = neededOf(resolved);
  const version = upstreamVersion(resolved.get(`postgresql-${major}`)!);
  report({ type: "phase", message: `Downloading Postgres ${version} (${packages.size} packages)` });
  await downloadInParts(apt, [...packages.keys()], join(scratch, "packages"), report);
  return packages;
}

/** With pgvector, and hypopg for advice on indexes, where the release has them. */
async function resolve(apt: Apt, major: string): Promise<Map<string, string> | undefined> {
  const needed = [`postgresql-${major}`, "patchelf"];
  const extended = [...needed, `postgresql-${major}-pgvector`];
  return (
    (await apt.resolve([...extended, `postgresql-${major}-hypopg`])) ??
    (await apt.resolve(extended)) ??
    apt.resolve(needed)
  );
}
