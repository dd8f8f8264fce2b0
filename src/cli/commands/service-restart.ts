/** In charge of `postern service restart`. */
import type { CommandRun } from "../command-spec.ts";
import { finishRelease } from "../finish-release.ts";
import { requireReleaseTarget } from "../release-target.ts";

export const run: CommandRun = async (context, input) => {
  const { project, environment } = await requireReleaseTarget(context, input);
  const control = await context.account();
  const started = await control.restartServices(project, environment);
  return finishRelease(context, control, started, {
    doing: `Restarting the services of ${environment}`,
    done: ({ release }) => `The services of ${environment} were started anew, of release ${release}`,
  });
};
