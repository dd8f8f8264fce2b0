/** In charge of `postern service list`. */
import type { CommandRun } from "../command-spec.ts";
import { requireReleaseTarget } from "../release-target.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const { project, environment } = await requireReleaseTarget(context, input);
  const services = await (await context.account()).listServices(project, environment);
  await context.output.print(services, () =>
    renderColumns(
      services.map((one) => [
        one.service,
        one.detail === null ? one.state : `${one.state} (${one.detail})`,
        `release ${one.release}`,
        one.pid === null ? "" : `pid ${one.pid}`,
        one.restarts === 0 ? "" : `restarted ${one.restarts} times`,
        one.url ?? "",
      ]),
    ),
  );
  if (services.length === 0) context.output.talk(`Nothing runs in ${environment}.`);
  return undefined;
};
