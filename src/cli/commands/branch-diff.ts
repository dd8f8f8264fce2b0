/** In charge of `postern db branch diff`: how a branch's schema differs from its parent's, or from another database's. */
import { exitCodes } from "../../base/error-codes.ts";
import type { CommandRun } from "../command-spec.ts";
import { plural } from "../format.ts";
import { paintChange } from "../paint-change.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const diff = await (await context.account()).compareSchemas(target.ref, input.args[1]);
  await output.print(diff, () => diff.lines.map((line) => paintChange(line, output.paint)).join("\n"));
  const names = `${diff.database.name} and ${diff.base.name}`;
  output.talk(
    diff.different
      ? `\n${plural(diff.changes.length, "difference")} between ${names}`
      : `${names} have the same schema`,
  );
  return diff.different && input.flag("exitCode") ? exitCodes.pending : undefined;
};
