/** In charge of `postern state history`. */
import { posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { readCount } from "../read-count.ts";
import { readTime } from "../read-time.ts";
import { renderMutation } from "../render-mutations.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const id = input.text("id");
  const target = await requireDatabase(context, input, input.text("database"));
  const history = await (await context.forDatabase(target)).getHistory(target.ref, {
    table: input.args[0]!,
    id,
    ...readSpan(input),
    request: input.text("request"),
    limit: readCount(input, "limit"),
  });
  await output.print(history, () =>
    history.mutations
      .map((mutation) => renderMutation(output, mutation, id === undefined ? (mutation.row_id ?? "-") : ""))
      .join("\n"),
  );
  if (history.mutations.length === 0) output.talk("Nothing is recorded.");
  if (history.more) output.talk("There are older changes: --limit shows more.");
  return undefined;
};

/** @throws Y1013 */
function readSpan(input: CommandInput): { since?: string; until?: string } {
  const since = input.text("since");
  const between = input.list("between");
  if (between.length === 0) return since === undefined ? {} : { since: readTime(since, "--since") };
  if (since !== undefined) throw posternError("Y1013", "Give one of: --since, --between.");
  const [from, until, ...others] = between;
  if (until === undefined || others.length > 0)
    throw posternError("Y1013", "--between takes two times: from, until.");
  return { since: readTime(from!, "--between"), until: readTime(until, "--between") };
}
