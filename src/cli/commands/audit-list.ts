/** In charge of `postern audit list`. */

import type { AuditQuery } from "@postern/sdk/protocol";
import { posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { readCount } from "../read-count.ts";
import { readTime } from "../read-time.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const since = input.text("since");
  const entries = await (await context.account()).listAudit({
    actor: input.text("actor"),
    action: input.text("action"),
    target: input.text("target"),
    since: since === undefined ? undefined : readTime(since, "--since"),
    outcome: readOutcome(input.text("outcome")),
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

function readOutcome(text: string | undefined): AuditQuery["outcome"] {
  if (text === undefined || text === "done" || text === "refused" || text === "failed") return text;
  throw posternError("Y1013", `--outcome is "${text}": it can be done, refused or failed.`);
}
