/** In charge of `postern audit list`. */

import { parseDuration } from "../../base/duration.ts";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { readCount } from "../read-count.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const entries = await (await context.account()).listAudit({
    actor: input.text("actor"),
    action: input.text("action"),
    target: input.text("target"),
    since: readSince(input.text("since")),
    limit: readCount(input, "limit"),
  });
  const { output } = context;
  await output.print(entries, () =>
    renderColumns(
      entries.map(({ at, actor, action, target, outcome, code, request_id }) => [
        formatTime(at),
        actor.name ?? actor.id ?? "nobody",
        action,
        target ?? "",
        outcome === "done" ? outcome : output.paint.red(`${outcome} ${code ?? ""}`.trim()),
        output.paint.dim(request_id),
      ]),
    ),
  );
  if (entries.length === 0) output.talk("Nothing was changed.");
  return undefined;
};

/** A time, or how long ago. @throws Y1013 */
function readSince(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^\d+\s*[a-z]+$/i.test(text)) return new Date(Date.now() - parseDuration(text)).toISOString();
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw posternError("Y1013", `--since is "${text}", which is no time.`, {
    hint: "Write a time such as 2026-01-31T12:00Z, or how long ago, such as 2h.",
  });
}
