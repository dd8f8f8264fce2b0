/** In charge of `postern release list`. */
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { requireReleaseTarget } from "../release-target.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const { project, environment } = await requireReleaseTarget(context, input);
  const releases = await (await context.account()).listReleases(project, environment);
  await context.output.print(releases, () =>
    renderColumns(
      releases.map((release) => [
        String(release.number),
        release.status.replace("_", " "),
        formatTime(release.created_at),
        release.services.join(", "),
        release.error?.message ?? "",
      ]),
    ),
  );
  if (releases.length === 0) context.output.talk(`Nothing was deployed to ${environment} yet.`);
  return undefined;
};
