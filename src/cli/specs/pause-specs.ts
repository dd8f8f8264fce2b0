/** In charge of declaring the commands about databases that sleep. */
import { type CommandSpec, databaseArgument, databaseOptions } from "../command-spec.ts";

const args = [databaseArgument];

export const pauseSpecs: readonly CommandSpec[] = [
  {
    path: "db pause",
    summary: "send a database to sleep until somebody wants it, or say when it does so by itself",
    args,
    options: [
      ...databaseOptions,
      {
        flags: "--after <time>",
        summary:
          "sleep by itself after so long without a statement: 10m, 2h, off; default: as the operator set it",
      },
    ],
    examples: ["postern db pause my-app-db", "postern db pause my-app-db --after 15m"],
    load: () => import("../commands/db-pause.ts"),
  },
  {
    path: "db resume",
    aliases: ["db wake"],
    summary: "wake a database; every query and every connection does that too",
    args,
    options: databaseOptions,
    examples: ["postern db resume my-app-db"],
    load: () => import("../commands/db-resume.ts"),
  },
  {
    path: "db why-awake",
    summary: "show who keeps a database awake, and when it will sleep",
    args,
    options: databaseOptions,
    examples: ["postern db why-awake my-app-db --json"],
    load: () => import("../commands/db-why-awake.ts"),
  },
];
