/** In charge of `postern db backup restore` and `db restore`. */
import { posternError } from "../../base/error.ts";
import { isConfirmed } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const [argument] = input.args;
  const option = input.text("snapshot");
  if ((argument === undefined) === (option === undefined)) {
    throw posternError("Y1013", "Which backup is to be restored?", {
      hint: "`postern db backup list` shows them; give one id.",
    });
  }
  const backupId = (argument ?? option)!;
  const target = await requireDatabase(context, input, input.text("database"));
  const control = await context.forDatabase(target);
  const info = await control.getDatabase(target.ref);
  if (!isConfirmed(input)) {
    await context.prompt.confirm(
      `Restore database ${info.name} (${info.id}) from ${backupId}? This will overwrite current data.`,
    );
  }
  const operation = await control.restoreBackup(target.ref, {
    backup_id: backupId,
    ...(input.flag("skipSafetySnapshot") ? { skip_safety_snapshot: true } : {}),
  });
  const ended = await context.finish(control, operation, `Restoring ${info.name}`);
  context.output.success(`Restored ${info.name} from ${backupId}`);
  await context.output.print(ended.result ?? ended, () => "");
  return undefined;
};
