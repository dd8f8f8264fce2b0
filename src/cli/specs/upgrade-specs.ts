/** In charge of describing the commands about versions of Postgres. */
import type { CommandSpec } from "../command-spec.ts";
import { confirmOptions, databaseArgument, databaseOptions } from "../command-spec.ts";

export const upgradeSpecs: readonly CommandSpec[] = [
  {
    path: "db upgrade",
    summary: "give a database a newer major of Postgres; it stays in use meanwhile",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      ...confirmOptions,
      { flags: "--to <major>", summary: "major version of Postgres, for example 17", required: true },
    ],
    examples: ["postern db upgrade --to 17", "postern db upgrade my-app-db --to 17 --yes"],
    load: () => import("../commands/db-upgrade.ts"),
  },
];
