/** In charge of `postern link`. */
import type { CommandRun } from "../command-spec.ts";
import { linkProject } from "../link-project.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const info = await (await context.forDatabase(target)).getDatabase(target.ref);
  const { directory, link } = await linkProject(context, info, target.token);
  output.success(`Linked ${directory} to ${info.name} (${info.id})`);
  if (link.token === undefined) {
    output.talk(
      "  Its token is not known here; `postern link --db-id … --token …` adds it for SQL over HTTP.",
    );
  }
  await output.print({ directory, database_id: info.id, name: info.name, host: info.host }, () => "");
  return undefined;
};
