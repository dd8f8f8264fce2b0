/** In charge of `postern register`: a new account. */
import { hasCode } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { resolveApiAccess } from "../user-config.ts";

export const run: CommandRun = async (context, input) => {
  const username = input.text("username")!;
  const password = await context.prompt.password(`Password for ${username}`, {
    variable: "POSTERN_PASSWORD",
    confirm: true,
  });
  const { apiKey } = await resolveApiAccess();
  const control = await (apiKey === undefined ? context.stranger() : context.account());
  const account = await control.register({ username, password }).catch(async (error: unknown) => {
    // A key of another Postern's says nothing about this one.
    if (!hasCode(error, "Y2002")) throw error;
    return (await context.stranger()).register({ username, password });
  });
  context.output.success(`Registered ${account.username}. Log in with \`postern login -u ${username}\`.`);
  await context.output.print(account, () => "");
  return undefined;
};
