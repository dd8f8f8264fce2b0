/** In charge of `postern db destroy`. */
import type { CommandRun } from "../command-spec.ts";
import { confirmDestruction } from "../confirm-destruction.ts";
import { namesOfServices } from "../describe-services.ts";
import { formatTime } from "../format.ts";
import { findProject, removeProject } from "../project-file.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.account();
  const info = await control.getDatabase(target.ref);
  const skipSnapshot = input.flag("skipSnapshot");
  const { environment } = info;
  const users = environment ? await namesOfServices(control, environment.project_id, environment.name) : [];
  const inUse =
    users.length > 0 ? ` Services of ${environment?.name} use it and will fail: ${users.join(", ")}.` : "";
  await confirmDestruction(
    context,
    input,
    info,
    `Delete database ${info.name} (${info.id})? This will destroy all data${skipSnapshot ? ", for good" : ""}.${inUse}`,
  );
  const operation = await control.destroyDatabase(info.id, {
    skipSnapshot: skipSnapshot || undefined,
    withBranches: input.flag("withBranches") || undefined,
  });
  await context.finish(control, operation, `Destroying ${info.name}`);
  const project = await findProject(context.directory);
  if (project?.link.database_id === info.id) await removeProject(project);
  // With the last backup gone it cannot be found any more, so what was known is the answer.
  const after = skipSnapshot
    ? { ...info, status: "destroyed" as const }
    : await control.getDatabase(info.id).catch(() => ({ ...info, status: "destroyed" as const }));
  output.success(`Destroyed database ${info.name}`);
  await output.print(after, () => "");
  if (after.recoverable_until !== null) {
    output.talk(
      `  \`postern db undelete ${info.id}\` brings it back until ${formatTime(after.recoverable_until)}.`,
    );
  }
  if (environment && users.length > 0) {
    output.warn(`Services of ${environment.name} run without their database now: ${users.join(", ")}`);
    output.talk(
      `  \`postern deploy --env ${environment.name}\` makes a new one; \`postern env destroy ${environment.name}\` stops them.`,
    );
  }
  return undefined;
};
