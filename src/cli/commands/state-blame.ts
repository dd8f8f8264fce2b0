/** In charge of `postern state blame`. */
import type { ColumnBlame } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { shortRequest, showValue } from "../render-mutations.ts";
import { printable, renderColumns } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.text("database"));
  const blame = await (await context.forDatabase(target)).getBlame(target.ref, {
    table: input.args[0]!,
    id: input.text("id")!,
  });
  await output.print(blame, () =>
    renderColumns(
      blame.columns.map((column) => [printable(column.column), showValue(column.value), sourceOf(column)]),
    ),
  );
  if (!blame.exists) output.talk("The row is gone; this is what it was.");
  return undefined;
};

function sourceOf({ request_id: request, actor, at, rolled_back: attempt }: ColumnBlame): string {
  const source =
    request === null
      ? at === null
        ? "not recorded"
        : `by ${printable(actor ?? "")}`
      : shortRequest(request);
  if (attempt === null) return source;
  const last =
    attempt.request_id === null ? `by ${printable(attempt.actor)}` : shortRequest(attempt.request_id);
  return `${last} ← last attempt rolled back; current value ${at === null ? "not recorded" : `from ${source}`}`;
}
