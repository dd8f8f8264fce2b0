/** In charge of `postern env protect`. */
import type { CommandRun } from "../command-spec.ts";
import { requireProjectRef } from "../project-reference.ts";

export const run: CommandRun = async ({ output, account, directory }, input) => {
  const ref = await requireProjectRef(directory, input.text("project"));
  const control = await account();
  const { name } = await control.getEnvironment(ref, input.args[0]!);
  const environment = await control.saveEnvironment(ref, name, { protected: true });
  output.success(`${name} is protected: what destroys its data wants --confirm ${name}`);
  await output.print(environment, () => "");
  return undefined;
};
