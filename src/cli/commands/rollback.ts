/** In charge of `postern rollback`. */
import type { CommandRun } from "../command-spec.ts";
import { finishRelease } from "../finish-release.ts";
import { readCount } from "../read-count.ts";
import { requireReleaseTarget } from "../release-target.ts";

export const run: CommandRun = async (context, input) => {
  const { project, environment } = await requireReleaseTarget(context, input);
  const control = await context.account();
  const to = readCount(input, "to");
  const started = await control.rollBack(project, environment, to === undefined ? {} : { to });
  return finishRelease(context, control, started, {
    doing: `Back to release ${started.release.number}`,
    done: ({ release, previous }) =>
      `Release ${release} serves in ${environment} again, instead of ${previous}`,
  });
};
