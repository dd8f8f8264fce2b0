/** In charge of `postern config unset`. */
import type { CommandRun } from "../command-spec.ts";
import { requireStoredKey } from "../settings.ts";
import { readUserConfig, userConfigFile, writeUserConfig } from "../user-config.ts";

export const run: CommandRun = async ({ output }, input) => {
  const key = requireStoredKey(input.args[0]!);
  const { [key]: before, ...rest } = await readUserConfig();
  if (before !== undefined) await writeUserConfig(rest);
  output.success(
    before === undefined
      ? `${key} is not in ${userConfigFile()}`
      : `${key} is no longer in ${userConfigFile()}`,
  );
  await output.print({ key, unset: before !== undefined }, () => "");
  return undefined;
};
