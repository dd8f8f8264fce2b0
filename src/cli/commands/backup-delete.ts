/** In charge of `postern db backup delete`. */
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";

export const run: CommandRun = async (context, input) => {
  const control = await context.account();
  const backup = await control.getBackup(input.args[0]!);
  if (!isConfirmed(input)) {
    await context.prompt.confirm(
      `Delete backup ${backup.id} of ${backup.database_name}? It is gone for good.`,
    );
  }
  await context.finish(control, await control.deleteBackup(backup.id), `Deleting ${backup.id}`);
  context.output.success(`Deleted ${backup.id}`);
  await context.output.print({ id: backup.id, deleted: true }, () => "");
  return undefined;
};
