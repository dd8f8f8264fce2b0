/**
 * In charge of Debian's packages without installing them: apt downloads them, verified, and dpkg unpacks them into a
 * folder of the toolchain's.
 */
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readConfig } from "../../../src/base/config.ts";
import { outputOf } from "./run-program.ts";

/** The folder in which they lie as they would below `/`. Made aside and put into place as a whole. */
export async function unpackPackages(name: string, packages: readonly string[]): Promise<string> {
  const { toolchainDirectory } = readConfig();
  const root = join(toolchainDirectory, name);
  if ((await readdir(root).catch(() => [])).length > 0) return root;
  await mkdir(toolchainDirectory, { recursive: true });
  const aside = await mkdtemp(`${root}-`);
  try {
    await outputOf("apt-get", ["-q", "download", ...packages], { cwd: aside });
    for (const file of await readdir(aside))
      await outputOf("dpkg", ["-x", join(aside, file), join(aside, "root")]);
    // Another run may have been first.
    await rename(join(aside, "root"), root).catch(() => {});
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return root;
}
