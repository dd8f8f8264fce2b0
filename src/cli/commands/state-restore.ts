/** In charge of `postern state restore`. */
import type { RestoredRow } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { readTime } from "../read-time.ts";
import { shortRequest, showValue } from "../render-mutations.ts";
import { printable } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.text("database"));
  const restored = await (await context.forDatabase(target)).restoreRow(target.ref, {
    table: input.args[0]!,
    id: input.text("id")!,
    at: readTime(input.text("at")!, "--at"),
    write: input.flag("write"),
  });
  await output.print(restored, () => renderRestored(restored));
  for (const { column, reason } of restored.left_out)
    output.talk(printable(`${column} stays as it is: ${reason}.`));
  if (restored.action === "none") output.talk("The row is as it was then.");
  else if (restored.written) output.success(`Restored, as ${shortRequest(restored.request_id)}`);
  else output.talk("Nothing was changed; --write does it.");
  return undefined;
};

function renderRestored({ action, changes }: RestoredRow): string {
  const lines = changes.map(({ column, from, to }) => {
    const name = printable(column);
    if (action === "insert") return `  ${name}=${showValue(to)}`;
    if (action === "delete") return `  ${name}=${showValue(from)}`;
    return `  ${name}: ${showValue(from)} → ${showValue(to)}`;
  });
  return action === "none" ? "" : [action.toUpperCase(), ...lines].join("\n");
}
