/** In charge of finding the browser for tests of real pages: CHROMIUM_PATH, or where Debian puts it. */
import { existsSync } from "node:fs";

export const howToGetChromium =
  "there is no browser: install Debian's package chromium, or say in CHROMIUM_PATH where one is";

/** @throws when CHROMIUM_PATH names a file that is not there: whoever sets it wants the tests to run. */
export function findChromium(): string | undefined {
  const given = process.env.CHROMIUM_PATH;
  if (given) {
    if (!existsSync(given)) throw new Error(`CHROMIUM_PATH is ${given}, where no file is.`);
    return given;
  }
  return existsSync("/usr/bin/chromium") ? "/usr/bin/chromium" : undefined;
}
