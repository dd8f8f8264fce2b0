/** In charge of `postern db backup create` and `db snapshot`. */
import type { BackupInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatBytes, formatTime } from "../format.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.forDatabase(target);
  const retention = input.text("retention");
  const operation = await control.createBackup(target.ref, retention === undefined ? {} : { retention });
  const ended = await context.finish(control, operation, "Backing up");
  const backup = ended.result as BackupInfo;
  context.output.success("Backup created");
  await context.output.print(backup, () => renderBackup(backup));
  return undefined;
};

export const renderBackup = (backup: BackupInfo): string =>
  renderFields([
    ["ID", backup.id],
    ["Database", `${backup.database_name} (${backup.database_id})`],
    ["Kind", backup.kind],
    ["Status", backup.status],
    ["Created", formatTime(backup.created_at)],
    ["Expires", backup.expires_at && formatTime(backup.expires_at)],
    ["Size", backup.size_bytes === null ? null : formatBytes(backup.size_bytes)],
    ["SHA-256", backup.checksum],
    ["Error", backup.error && `${backup.error.message} (${backup.error.code})`],
  ]);
