/** In charge of `postern recover`: a server whose data is lost. */
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";

interface Recovery {
  instance_id: string;
  set_aside: string[];
  missing_databases: string[];
}

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const [server] = input.args;
  const control = await context.account();
  if (!isConfirmed(input)) {
    await context.prompt.confirm(
      `Bring server ${server!} back from its archive? What was written in its last minute may be missing.`,
    );
  }
  const operation = await control.recoverServer(server!, { force: input.flag("force") });
  const ended = await context.finish(control, operation, `Recovering ${server!}`);
  const result = ended.result as Recovery;
  output.success(`Server ${server!} runs with the newest state of its archive`);
  for (const directory of result.set_aside)
    output.talk(`  What was left of its data: ${directory}. Delete it when nothing of it is needed.`);
  for (const name of result.missing_databases)
    output.warn(`${name} was made too late to be in the archive; destroy it and make it anew.`);
  await output.print(result, () => "");
  return undefined;
};
