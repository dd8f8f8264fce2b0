/** In charge of `postern db backup restore` and `db restore`. */
import { posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { confirmDestruction } from "../confirm-destruction.ts";
import type { CliContext } from "../context.ts";
import { requireProjectRef } from "../project-reference.ts";
import { type DatabaseTarget, requireDatabase } from "../target.ts";

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
  await checkSource(context, input, target, backupId);
  await confirmDestruction(
    context,
    input,
    info,
    `Restore database ${info.name} (${info.id}) from ${backupId}? This will overwrite current data.`,
  );
  const operation = await control.restoreBackup(target.ref, {
    backup_id: backupId,
    ...(input.flag("skipSafetySnapshot") ? { skip_safety_snapshot: true } : {}),
  });
  const ended = await context.finish(control, operation, `Restoring ${info.name}`);
  context.output.success(`Restored ${info.name} from ${backupId}`);
  const safety = (ended.result as { safety_backup_id?: string | null } | null)?.safety_backup_id;
  if (safety) context.output.talk(`  What was there before is backup ${safety}.`);
  await context.output.print(ended.result ?? ended, () => "");
  return undefined;
};

/** With environments a backup of another one is taken only where it is said which. @throws Y6001 */
async function checkSource(
  context: CliContext,
  input: CommandInput,
  { ref, environment }: DatabaseTarget,
  backupId: string,
): Promise<void> {
  const sourceName = input.text("sourceEnv");
  if (environment === undefined && sourceName === undefined) return;
  const control = await context.account();
  const backup = await control.getBackup(backupId);
  if (sourceName !== undefined) {
    const project =
      environment?.project ?? (await requireProjectRef(context.directory, input.text("project")));
    const source = await control.getEnvironmentDatabase(project, sourceName, input.text("service"));
    if (backup.database_id === source.id) return;
    throw posternError("Y6001", `${backupId} is no backup of ${sourceName}.`, {
      detail: `It is one of ${backup.database_name} (${backup.database_id}).`,
      hint: `\`postern db snapshots --env ${sourceName}\` lists those of ${sourceName}.`,
    });
  }
  if (backup.database_id === ref) return;
  const other = await control.getDatabase(backup.database_id).catch(() => undefined);
  // One of a database that this environment had before is its own.
  if (!other?.environment) return;
  throw posternError("Y6001", `${backupId} is a backup of another environment: ${other.environment.name}.`, {
    hint: `Add --source-env ${other.environment.name} if that is meant.`,
  });
}
