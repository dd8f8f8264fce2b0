/** In charge of declaring the commands that tell who changed what. */
import type { CommandSpec } from "../command-spec.ts";

export const auditSpecs: readonly CommandSpec[] = [
  {
    path: "audit list",
    aliases: ["audit ls"],
    summary: "list who changed what, newest first; administrators see everybody's changes",
    options: [
      { flags: "--actor <user>", summary: "username or id of who did it" },
      { flags: "--action <action>", summary: "as docs/http-api.md names it: createDatabase" },
      { flags: "--target <name>", summary: "what was named: a database, a project" },
      { flags: "--since <time>", summary: "a time, or how long ago: 2h" },
      { flags: "--outcome <outcome>", summary: "done, refused or failed" },
      { flags: "--limit <count>", summary: "how many, 50 unless said otherwise" },
    ],
    examples: ["postern audit list", "postern audit list --since 1d --target my-app-db --json"],
    load: () => import("../commands/audit-list.ts"),
  },
];
