/** In charge of `postern db backup status`: is a database backed up as it should be? */
import type { BackupInfo } from "@postern/sdk/protocol";
import { exitCodes } from "../../base/error-codes.ts";
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";
import { policyFields } from "./backup-policy.ts";
import { pointInTimeFields } from "./db-pitr-show.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const status = await (await context.forDatabase(target)).getBackupStatus(target.ref);
  const { red, green } = output.paint;
  const missing = status.overdue_since && `overdue since ${formatTime(status.overdue_since)}`;
  await output.print(status, () =>
    renderFields([
      ["Database", `${status.name} (${status.database_id})`],
      ["State", missing ? red(missing) : green("as it should be")],
      ["Last backup", describe(status.latest) ?? "none"],
      ["Last verified", describeVerified(status.last_verified) ?? "none"],
      ["Last failure", status.last_failure && red(describeFailure(status.last_failure))],
      ...policyFields(status),
      ...pointInTimeFields(status.point_in_time),
      ["Backups", `${status.completed} completed, ${status.running} running, ${status.failed} failed`],
    ]),
  );
  return status.overdue ? exitCodes.pending : exitCodes.ok;
};

const describe = (backup: BackupInfo | null) =>
  backup && `${formatTime(backup.created_at)}, ${backup.id}, ${backup.kind}`;

const describeVerified = (backup: BackupInfo | null) =>
  backup && `${formatTime(backup.verified_at!)}, ${backup.id}, ${backup.verification!.tables} tables`;

const describeFailure = ({ id, created_at, error }: BackupInfo) =>
  `${formatTime(created_at)}, ${id}${error ? `: ${error.message}` : ""}`;
