/**
 * In charge of Debian's Python clients without installing them: apt downloads their packages, verified, and dpkg unpacks
 * them into a folder of the toolchain's.
 */
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readConfig } from "../../../src/base/config.ts";
import { outputOf, runProgram } from "./run-program.ts";

const packages = ["libpq5", "python3-psycopg2", "python3-psycopg", "python3-asyncpg"];

export type Python = { environment: Record<string, string> } | { missing: string };

/** What to run python3 with; or why there is none that has them. */
export async function findPython(): Promise<Python> {
  try {
    const root = await unpacked();
    const libraries = join(root, "usr/lib", `${await machine()}-linux-gnu`);
    const environment = {
      PYTHONPATH: join(root, "usr/lib/python3/dist-packages"),
      LD_LIBRARY_PATH: libraries,
    };
    const end = await runProgram("python3", ["-c", "import psycopg2, psycopg, asyncpg"], { environment });
    return end.code === 0 ? { environment } : { missing: end.stderr.trim().split("\n").at(-1)! };
  } catch (error) {
    return { missing: (error as Error).message.split("\n")[0]! };
  }
}

const machine = async () => (await outputOf("uname", ["-m"])).trim();

/** Made aside and put into place as a whole. */
async function unpacked(): Promise<string> {
  const { toolchainDirectory } = readConfig();
  const root = join(toolchainDirectory, "python-clients");
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
