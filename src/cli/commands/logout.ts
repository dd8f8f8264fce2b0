/** In charge of `postern logout`: the key opens nothing any more, and is forgotten. */
import { hasCode } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { readUserConfig, writeUserConfig } from "../user-config.ts";

export const run: CommandRun = async (context) => {
  const control = await context.account();
  await control.logOut().catch((error: unknown) => {
    if (!hasCode(error, "Y2002")) throw error;
  });
  const { api_key, ...rest } = await readUserConfig();
  if (api_key !== undefined) await writeUserConfig(rest);
  context.output.success("Logged out");
  await context.output.print({ logged_out: true }, () => "");
  return undefined;
};
