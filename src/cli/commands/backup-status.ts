/** In charge of `postern db backup status`: is a database backed up, and how lately? */
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.forDatabase(target);
  const [info, backups] = await Promise.all([
    control.getDatabase(target.ref),
    control.listBackups(target.ref, { limit: 1000 }),
  ]);
  const count = (status: string) => backups.filter((backup) => backup.status === status).length;
  const latest = backups.find(({ status }) => status === "completed") ?? null;
  const value = {
    database_id: info.id,
    name: info.name,
    last_backup_at: info.last_backup_at,
    latest,
    completed: count("completed"),
    running: count("running"),
    failed: count("failed"),
  };
  await context.output.print(value, () =>
    renderFields([
      ["Database", `${info.name} (${info.id})`],
      ["Last backup", latest ? `${formatTime(latest.created_at)}, ${latest.id}, ${latest.kind}` : "none"],
      ["Completed", String(value.completed)],
      ["Running", String(value.running)],
      ["Failed", String(value.failed)],
    ]),
  );
  return undefined;
};
