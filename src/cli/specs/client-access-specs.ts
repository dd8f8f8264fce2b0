/** In charge of declaring the commands about client access. */
import { type CommandSpec, databaseArgument, databaseOptions } from "../command-spec.ts";

const args = [databaseArgument];

export const clientAccessSpecs: readonly CommandSpec[] = [
  {
    path: "db client-access enable",
    summary: "let an application's users reach a database with their own tokens",
    args,
    options: [
      ...databaseOptions,
      {
        flags: "--issuer <url>",
        summary: 'OpenID issuer of their tokens; the server\'s by default, or by ""',
      },
      { flags: "--audience <audience>", summary: "what the tokens' aud must name" },
    ],
    examples: [
      "postern db client-access enable",
      "postern db client-access enable my-app-db --issuer https://id.example.com --audience my-app",
    ],
    load: () => import("../commands/db-client-access-enable.ts"),
  },
  {
    path: "db client-access disable",
    summary: "let only the database's own tokens in",
    args,
    options: databaseOptions,
    examples: ["postern db client-access disable my-app-db"],
    load: () => import("../commands/db-client-access-disable.ts"),
  },
  {
    path: "db client-access show",
    summary: "show whether users reach a database, and whose tokens they bring",
    args,
    options: databaseOptions,
    examples: ["postern db client-access show --json"],
    load: () => import("../commands/db-client-access-show.ts"),
  },
];
