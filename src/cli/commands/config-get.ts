/** In charge of `postern config get`. */
import { posternError } from "../../base/error.ts";
import { suggest } from "../../manifest/suggest.ts";
import type { CommandRun } from "../command-spec.ts";
import { maskSetting, readSettings } from "../settings.ts";

export const run: CommandRun = async ({ output, directory }, input) => {
  const key = input.args[0]!;
  const settings = await readSettings(directory);
  const found = settings.find((one) => one.key === key);
  if (!found) {
    const near = suggest(
      key,
      settings.map((one) => one.key),
    );
    throw posternError("Y1013", `There is no setting "${key}".`, {
      hint: near === undefined ? "`postern config list` shows them." : `Did you mean ${near}?`,
    });
  }
  const { value, origin } = input.flag("reveal") ? found : maskSetting(found);
  await output.print({ key, value, origin }, () => value ?? "");
  // As `git config` does it: scripts can tell that there is none.
  return value === null ? 1 : 0;
};
