/** In charge of `postern env list`. */
import type { CommandRun } from "../command-spec.ts";
import { requireProjectRef } from "../project-reference.ts";
import { renderColumns } from "../table.ts";

export const run: CommandRun = async ({ output, account, directory }, input) => {
  const ref = await requireProjectRef(directory, input.text("project"));
  const environments = await (await account()).listEnvironments(ref);
  await output.print(environments, () =>
    renderColumns(
      environments.flatMap(({ name, protected: isProtected, services }) => {
        const head = [`${output.paint.green("•")} ${name}`, isProtected ? "protected" : ""];
        if (services.length === 0) return [[...head, "no database yet"]];
        return services.map(({ service, database, in_manifest }, at) => [
          ...(at === 0 ? head : ["", ""]),
          service,
          database.name,
          database.status,
          database.class,
          database.id,
          in_manifest ? "" : "not in the manifest any more",
        ]);
      }),
    ),
  );
  if (environments.length === 0) output.talk("No environments yet. `postern apply --env staging` makes one.");
  return undefined;
};
