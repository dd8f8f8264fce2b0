/** In charge of `postern state request`. */
import type { CommandRun } from "../command-spec.ts";
import { renderMutation } from "../render-mutations.ts";
import { printable } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const request = input.args[0]!.replace(/^req:/, "");
  const target = await requireDatabase(context, input, input.text("database"));
  const found = await (await context.forDatabase(target)).getRequestChanges(target.ref, request);
  await output.print(found, () =>
    found.mutations
      .map((mutation) =>
        renderMutation(
          output,
          { ...mutation, request_id: null, actor: mutation.actor },
          printable([mutation.table, mutation.row_id].filter((part) => part !== null).join(" ")),
        ),
      )
      .join("\n"),
  );
  if (found.more) output.talk("It changed more than is shown.");
  return undefined;
};
