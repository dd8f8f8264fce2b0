/** In charge of the options of a restore, which has two commands: `db restore` and `db backup restore`. */
import { byDatabase, databaseOptions, destroyOptions, type OptionSpec } from "../command-spec.ts";

export const restoreOptions: readonly OptionSpec[] = [
  byDatabase,
  ...databaseOptions,
  {
    flags: "--source-env <environment>",
    summary: "the environment that the backup is of, where it is another one",
  },
  ...destroyOptions,
  { flags: "--skip-safety-snapshot", summary: "make no backup of what is overwritten" },
];
