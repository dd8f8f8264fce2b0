/** In charge of `postern admin instance list`. */
import type { CommandRun } from "../command-spec.ts";
import { renderColumns } from "../table.ts";
import { paintStatus } from "./instance-show.ts";

export const run: CommandRun = async (context) => {
  const { output } = context;
  const instances = await (await context.account()).listInstances();
  await output.print(instances, () =>
    renderColumns(
      instances.map((instance) => [
        instance.name,
        paintStatus(instance, output.paint),
        `${instance.databases}${instance.capacity === null ? "" : ` of ${instance.capacity}`} databases`,
        instance.classes.join(",") || "by name",
        `Postgres ${instance.version}`,
        instance.hosts.join(","),
        output.paint.dim(instance.reason ?? instance.id),
      ]),
    ),
  );
  if (instances.length === 0)
    output.talk("No instance is registered: postern admin instance register --name NAME --dsn-file FILE");
  return undefined;
};
