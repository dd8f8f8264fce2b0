/** In charge of `postern db why-awake`: who keeps a database awake, and when it will sleep. */
import type { DatabaseActivity } from "@postern/sdk/protocol";
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { renderColumns } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const run: CommandRun = async (context, input) => {
  const target = await requireDatabase(context, input, input.args[0]);
  const activity = await (await context.forDatabase(target)).getActivity(target.ref);
  await context.output.print(activity, () => renderActivity(activity));
  return undefined;
};

function renderActivity(activity: DatabaseActivity): string {
  const { reasons, sessions, paused_at: pausedAt, pauses_at: pausesAt } = activity;
  if (pausedAt !== null && activity.status === "paused")
    return `It sleeps since ${formatTime(pausedAt)}, and wakes at the first query.`;
  if (activity.status !== "ready") return `It is ${activity.status}.`;
  const why = reasons.map((reason) => `  • ${reason}`).join("\n");
  const when = pausesAt === null ? "" : `\n\nIf no statement comes, it sleeps at ${formatTime(pausesAt)}.`;
  return `It is awake:\n\n${why}${when}${sessions.length === 0 ? "" : `\n\n${renderSessions(activity)}`}`;
}

const renderSessions = ({ sessions }: DatabaseActivity): string =>
  renderColumns([
    ["SESSION", "THROUGH", "USER", "APPLICATION", "STATE", "LAST STATEMENT"],
    ...sessions.map(({ pid, through, user, application, state, last_statement_at: at }) => [
      String(pid),
      through,
      user,
      application,
      state ?? "logging in",
      at === null ? "none" : formatTime(at),
    ]),
  ]);
