/** In charge of `postern admin control list`. */
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context) => {
  const { output } = context;
  const planes = await (await context.account()).listControlPlanes();
  const colours = { up: "green", silent: "yellow", gone: "red" } as const;
  await output.print(planes, () =>
    renderColumns([
      ["NAME", "STATUS", "ADDRESS", "VERSION", "OPERATIONS", "SINCE", "LAST SEEN", "LEADS"],
      ...planes.map((plane) => [
        plane.is_this ? `${plane.name} (this one)` : plane.name,
        output.paint[colours[plane.status]](plane.status),
        plane.address,
        plane.version,
        String(plane.operations),
        formatTime(plane.started_at),
        formatTime(plane.last_seen_at),
        plane.duties.join(", "),
      ]),
    ]),
  );
  if (planes.length === 0)
    output.talk("This Postern has tables of its own: POSTERN_STATE_URL lets several share them.");
  return undefined;
};
