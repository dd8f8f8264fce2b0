/** In charge of `postern db backup create` and `db snapshot`. */
import type { BackupInfo } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatBytes, formatDuration, formatTime, plural } from "../format.ts";
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
    ["Stored", `${backup.store}${backup.encrypted ? ", encrypted" : ""}`],
    ["Verified", describeVerification(backup)],
    ["Error", backup.error && `${backup.error.message} (${backup.error.code})`],
  ]);

function describeVerification({ verification, verified_at }: BackupInfo): string | null {
  if (verification === null) return null;
  const { status, tables, rows, duration_ms, error } = verification;
  const at = formatTime(verified_at!);
  if (status === "verified")
    return `${at}: ${plural(tables, "table")}, ${plural(rows, "row")}, in ${formatDuration(duration_ms)}`;
  return `${status}, ${at}: ${error?.message ?? ""}${error?.detail ? ` ${error.detail}` : ""}`;
}
