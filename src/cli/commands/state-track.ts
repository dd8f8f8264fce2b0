/** In charge of `postern state track`. */
import type { CommandRun } from "../command-spec.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.text("database"));
  const masked = input.list("mask");
  const tracked = await (await context.forDatabase(target)).trackTable(target.ref, {
    table: input.args[0]!,
    ...(masked.length > 0 && { mask: [...masked] }),
  });
  await output.print(tracked, () => "");
  output.success(
    `Every change of ${tracked.table} is recorded from now on${tracked.masked.length > 0 ? `, without the values of ${tracked.masked.join(", ")}` : ""}`,
  );
  if (tracked.primary_key.length === 0)
    output.talk(
      "It has no primary key: its records name no row, so they have no history and cannot be restored.",
    );
  return undefined;
};
