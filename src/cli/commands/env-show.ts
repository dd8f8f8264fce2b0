/** In charge of `postern env show`. */
import type { CommandRun } from "../command-spec.ts";
import { requireProjectRef } from "../project-reference.ts";
import { renderEnvironment } from "../render-environment.ts";

export const run: CommandRun = async ({ output, account, directory }, input) => {
  const ref = await requireProjectRef(directory, input.text("project"));
  const environment = await (await account()).getEnvironment(ref, input.args[0]!);
  await output.print(environment, () => renderEnvironment(environment));
  return undefined;
};
