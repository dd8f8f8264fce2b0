/** In charge of a headless browser with a profile of its own, which close() takes away again. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { withinPrefix } from "./find-chromium.ts";

export interface TestBrowser {
  context: BrowserContext;
  close(): Promise<void>;
}

const flags = [
  // The tests run as root in containers, where Chromium's sandbox cannot.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser below a folder of its own has libraries there that the machine may not have. */
async function librariesOf(executablePath: string): Promise<{ env?: Record<string, string> }> {
  if (!executablePath.endsWith(`/${withinPrefix}`)) return {};
  const root = executablePath.slice(0, -withinPrefix.length);
  if (root === "/") return {};
  const libraries = join(root, "usr/lib");
  const triplet = (await readdir(libraries)).find((name) => name.endsWith("-linux-gnu"));
  if (triplet === undefined) return {};
  const own = join(libraries, triplet);
  return {
    env: { ...(process.env as Record<string, string>), LD_LIBRARY_PATH: `${own}:${join(own, "pulseaudio")}` },
  };
}

export async function openBrowser(executablePath: string): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), "pnb-"));
  const removeProfile = () => rm(profile, { recursive: true, force: true, maxRetries: 3 });
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: flags,
      ...(await librariesOf(executablePath)),
    });
    context.setDefaultTimeout(20_000);
    return {
      context,
      async close() {
        await context.close();
        await removeProfile();
      },
    };
  } catch (error) {
    await removeProfile();
    throw error;
  }
}
