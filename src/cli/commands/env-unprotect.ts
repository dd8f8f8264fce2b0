/** In charge of `postern env unprotect`. */
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireProjectRef } from "../project-reference.ts";

export const run: CommandRun = async ({ output, prompt, account, directory }, input) => {
  const ref = await requireProjectRef(directory, input.text("project"));
  const control = await account();
  const { name, protected: isProtected } = await control.getEnvironment(ref, input.args[0]!);
  if (isProtected && input.text("confirm") !== name) {
    const refusal = posternError("Y7010", `${name} is protected.`, {
      hint: `Add --confirm ${name} if you are sure.`,
    });
    await prompt.typed(`Type ${name} to end its protection.`, name, refusal);
  }
  const environment = await control.saveEnvironment(ref, name, { protected: false });
  output.success(`${name} is not protected any more`);
  await output.print(environment, () => "");
  return undefined;
};
