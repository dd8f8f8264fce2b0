/** Runs once before the suite: the toolchain that every test uses is there before the first file starts. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../../src/base/config.ts";
import { ensureToolchain } from "../../src/runtime/ensure-toolchain.ts";
import { findBubblewrap } from "../../src/runtime/sandbox/find-bubblewrap.ts";
import { fetchChromium } from "./fetch-chromium.ts";
import { setRunDirectory } from "./make-once.ts";

export default async function setup(): Promise<() => Promise<void>> {
  await ensureToolchain(readConfig(), (event) => {
    if (event.type === "phase") console.log(`toolchain: ${event.message}`);
  });
  // Tests that need a sandbox say themselves where there is none.
  await findBubblewrap(readConfig()).catch(() => {});
  await fetchChromium();
  const run = await mkdtemp(join(tmpdir(), "ptr-"));
  // The servers' unprivileged user must be able to pass.
  await chmod(run, 0o711);
  setRunDirectory(run);
  return () => rm(run, { recursive: true, force: true, maxRetries: 3 });
}
