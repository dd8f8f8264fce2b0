/** In charge of `postern login`. */
import { homeDirectory } from "../../base/directories.ts";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { readUserConfig, resolveApiAccess, writeUserConfig } from "../user-config.ts";

export const run: CommandRun = async (context, input) => {
  const username = input.text("username");
  if (username === undefined) {
    throw posternError("Y1014", "Whose account is it?", { hint: "postern login -u USER" });
  }
  const password = await context.prompt.password(`Password for ${username}`, {
    variable: "POSTERN_PASSWORD",
  });
  const { api_key, account } = await (await context.stranger()).logIn({ username, password });
  const { url } = await resolveApiAccess();
  const config = await readUserConfig();
  await writeUserConfig({ ...config, api_url: url, api_key, home: config.home ?? homeDirectory() });
  context.output.success(`Logged in as ${account.username}`);
  await context.output.print(account, () => "");
  return undefined;
};
