/** In charge of `postern config set`. */
import { isAbsolute } from "node:path";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireStoredKey, type StoredKey } from "../settings.ts";
import { readUserConfig, userConfigFile, writeUserConfig } from "../user-config.ts";

export const run: CommandRun = async ({ output, prompt }, input) => {
  const key = requireStoredKey(input.args[0]!);
  const value =
    input.args[1] ??
    (key === "api_key" ? await prompt.password("API key", { variable: "POSTERN_API_KEY" }) : undefined);
  if (value === undefined)
    throw posternError("Y1014", `Which ${key}?`, { hint: `postern config set ${key} VALUE` });
  check(key, value);
  await writeUserConfig({ ...(await readUserConfig()), [key]: value });
  output.success(`${key} is kept in ${userConfigFile()}`);
  if (key === "api_key" && input.args[1] !== undefined)
    output.warn("A key in an argument stays in the shell's history; leave it out to be asked for it.");
  await output.print({ key, file: userConfigFile() }, () => "");
  return undefined;
};

/** @throws Y1013 */
function check(key: StoredKey, value: string): void {
  const rules: Record<StoredKey, [boolean, string]> = {
    api_url: [URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), "an http(s) address"],
    api_key: [/^pk_[0-9a-f]{64}$/.test(value), "an API key: pk_ and 64 hex digits"],
    home: [isAbsolute(value), "an absolute path"],
  };
  const [good, expected] = rules[key];
  if (good) return;
  throw posternError("Y1013", `${key === "api_key" ? "That" : `"${value}"`} is not ${expected}.`);
}
