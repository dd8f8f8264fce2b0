/** In charge of `postern whoami`. */
import type { CommandRun } from "../command-spec.ts";

export const run: CommandRun = async (context) => {
  const account = await (await context.account()).whoAmI();
  await context.output.print(account, () => `${account.username} (${account.role})`);
  return undefined;
};
