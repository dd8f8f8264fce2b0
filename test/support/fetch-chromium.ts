/**
 * In charge of a browser for tests without installing one: apt downloads Debian's chromium and the libraries that this machine has
 * not, verified, and dpkg unpacks them into a folder beside the toolchain. Only where POSTERN_TEST_CHROMIUM=apt asks for it.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { chromiumPrefix, findChromium } from "./find-chromium.ts";

const execute = promisify(execFile);
const install = ["-q", "--simulate", "--no-install-recommends", "install", "chromium"];

/** Nothing where one is there already, or nobody asked. */
export async function fetchChromium(): Promise<void> {
  if (process.env.POSTERN_TEST_CHROMIUM !== "apt" || findChromium() !== undefined) return;
  console.log("toolchain: Downloading Chromium for the tests of pages");
  const prefix = chromiumPrefix();
  await mkdir(dirname(prefix), { recursive: true });
  const aside = await mkdtemp(`${prefix}-`);
  try {
    const { stdout } = await execute("apt-get", install, { env: { ...process.env, LC_ALL: "C" } });
    const packages = [...stdout.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name!);
    await execute("apt-get", ["-q", "download", ...packages], { cwd: aside, maxBuffer: 16 << 20 });
    for (const file of await readdir(aside))
      await execute("dpkg-deb", ["-x", join(aside, file), join(aside, "root")]);
    // Another run may have been first.
    await rename(join(aside, "root"), prefix).catch(() => {});
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
