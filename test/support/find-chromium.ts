/** In charge of finding the browser for tests of real pages: CHROMIUM_PATH, where Debian puts it, or what was fetched for tests. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../../src/base/config.ts";

/** Below a folder of its own as below `/`. */
export const withinPrefix = "usr/lib/chromium/chromium";

/** Where `POSTERN_TEST_CHROMIUM=apt` puts it. */
export const chromiumPrefix = (): string => join(readConfig().toolchainDirectory, "chromium");

export const howToGetChromium =
  "there is no browser: set POSTERN_TEST_CHROMIUM=apt to have it fetched, install Debian's package chromium, or say in CHROMIUM_PATH where one is";

/** @throws when CHROMIUM_PATH names a file that is not there: whoever sets it wants the tests to run. */
export function findChromium(): string | undefined {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    if (!existsSync(given)) throw new Error(`CHROMIUM_PATH is ${given}, where no file is.`);
    return given;
  }
  return ["/usr/bin/chromium", join(chromiumPrefix(), withinPrefix)].find((path) => existsSync(path));
}
