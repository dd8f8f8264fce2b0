/** In charge of declaring the commands that look after migrations once they are applied. */
import {
  type CommandSpec,
  confirmOptions,
  databaseArgument,
  databaseOptions,
  directoryOptions,
  urlOption,
} from "../command-spec.ts";

const common = [...databaseOptions, urlOption, ...directoryOptions];

export const migrationSpecs: readonly CommandSpec[] = [
  {
    path: "db rollback",
    summary: "take applied migrations back by their .down.sql files, the last one first",
    args: [databaseArgument],
    options: [
      ...common,
      { flags: "--steps <n>", summary: "how many; 1 when absent" },
      { flags: "--to <name>", summary: "down to this one, which stays applied" },
      { flags: "--plan", summary: "show which; change nothing" },
      { flags: "--lock-timeout <time>", summary: "how long a statement may wait for a lock, such as 5s" },
      ...confirmOptions,
    ],
    examples: [
      "postern db rollback",
      "postern db rollback --steps 2 --yes",
      "postern db rollback --to 003 --plan",
    ],
    load: () => import("../commands/db-rollback.ts"),
  },
  {
    path: "db migrations verify",
    summary:
      "find applied migrations whose files were changed or are gone, and files that come late; exit 6 then",
    args: [databaseArgument],
    options: common,
    examples: ["postern db migrations verify", "postern db migrations verify --json"],
    load: () => import("../commands/db-migrations-verify.ts"),
  },
  {
    path: "db migrations repair",
    summary: "make the ledger fit the files, without running anything",
    args: [databaseArgument],
    options: [
      ...common,
      { flags: "--accept <name>", summary: "take this changed file as it is now", repeat: true },
      { flags: "--accept-all", summary: "take all changed files as they are now" },
      { flags: "--applied <name>", summary: "note this file as applied without running it", repeat: true },
      { flags: "--forget <name>", summary: "note this migration as not applied", repeat: true },
      ...confirmOptions,
    ],
    examples: [
      "postern db migrations repair --accept 004_tags.sql",
      "postern db migrations repair --forget 002_gone.sql --yes",
    ],
    load: () => import("../commands/db-migrations-repair.ts"),
  },
];
