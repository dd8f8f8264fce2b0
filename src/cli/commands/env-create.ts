/** In charge of `postern env create`. */
import type { CommandRun } from "../command-spec.ts";
import { requireProjectRef } from "../project-reference.ts";

export const run: CommandRun = async ({ output, account, directory }, input) => {
  const ref = await requireProjectRef(directory, input.text("project"));
  const wish = input.flag("protected") ? { protected: true } : {};
  const environment = await (await account()).saveEnvironment(ref, input.args[0]!, wish);
  output.success(
    `Environment ${environment.name} of ${environment.project}${environment.protected ? ", protected" : ""}`,
  );
  await output.print(environment, () => "");
  return undefined;
};
