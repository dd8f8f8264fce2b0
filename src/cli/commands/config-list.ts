/** In charge of `postern config list`. */
import type { CommandRun } from "../command-spec.ts";
import { maskSetting, readSettings } from "../settings.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async ({ output, directory }, input) => {
  const settings = (await readSettings(directory)).map(maskSetting);
  const withOrigin = input.flag("showOrigin");
  const data = withOrigin
    ? settings.map(({ key, value, origin }) => ({ key, value, origin }))
    : Object.fromEntries(settings.map(({ key, value }) => [key, value]));
  await output.print(data, () =>
    renderColumns(
      settings
        .filter(({ value }) => value !== null)
        .map(({ key, value, origin }) => [key, value!, ...(withOrigin ? [origin!] : [])]),
    ),
  );
  return undefined;
};
