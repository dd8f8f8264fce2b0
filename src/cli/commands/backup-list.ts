/** In charge of `postern db backup list` and `db snapshots`. */
import type { BackupStatus } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatBytes, formatTime } from "../format.ts";
import { readCount } from "../read-count.ts";
import { renderColumns } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const backups = await (await context.forDatabase(target)).listBackups(target.ref, {
    status: input.text("status") as BackupStatus | undefined,
    limit: readCount(input, "limit"),
  });
  await output.print(backups, () =>
    renderColumns(
      backups.map(({ id, kind, status, created_at, size_bytes, verification }) => [
        `${status === "completed" ? output.paint.green("•") : output.paint.red("•")} ${id}`,
        kind,
        formatTime(created_at),
        size_bytes === null ? "" : formatBytes(size_bytes),
        status === "completed" ? (verification?.status ?? "") : status,
      ]),
    ),
  );
  if (backups.length === 0) output.talk("No backups yet. Run `postern db backup create`.");
  return undefined;
};
