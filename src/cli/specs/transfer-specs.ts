/** In charge of declaring the commands that empty databases and move data in and out. */
import {
  type CommandSpec,
  confirmOptions,
  databaseOptions,
  directoryOptions,
  type OptionSpec,
  urlOption,
} from "../command-spec.ts";

const name = { name: "[database]", summary: "name or id; the linked database unless said otherwise" };
const skipSnapshot: OptionSpec = {
  flags: "--skip-snapshot",
  summary: "db.p2 and db.p3: keep no backup of what is there now",
};

export const transferSpecs: readonly CommandSpec[] = [
  {
    path: "db reset",
    summary: "empty a database and apply all migrations",
    args: [name],
    options: [...databaseOptions, urlOption, ...directoryOptions, ...confirmOptions, skipSnapshot],
    examples: [
      "postern db reset --force",
      "postern db reset --url postgres://app:app@localhost/myapp --force",
    ],
    load: () => import("../commands/db-reset.ts"),
  },
  {
    path: "db wipe",
    summary: "empty a database; no migrations are run",
    args: [name],
    options: [...databaseOptions, urlOption, ...confirmOptions, skipSnapshot],
    examples: ["postern db wipe my-app-db --force"],
    load: () => import("../commands/db-wipe.ts"),
  },
];
