/** In charge of declaring the commands of releases and of the services that run of them. */
import type { CommandSpec, OptionSpec } from "../command-spec.ts";

export const placeOptions: readonly OptionSpec[] = [
  { flags: "--env <environment>", summary: "which environment; also POSTERN_ENV; the only one when absent" },
  { flags: "--project <project>", summary: "name or id; the linked one, or postern.yaml's, when absent" },
];

export const releaseSpecs: readonly CommandSpec[] = [
  {
    path: "deploy",
    summary:
      "build this folder, apply its schema, start its services, and let them serve once they are healthy",
    options: [
      ...placeOptions,
      { flags: "--plan", summary: "only tell what would be done" },
      { flags: "--accept-data-loss", summary: "let prisma db push drop what holds data" },
      { flags: "--list", summary: "show the releases instead" },
      { flags: "-f, --file <file>", summary: "the manifest; postern.yaml here or above when absent" },
    ],
    examples: ["postern deploy --env staging", "postern deploy --env production --plan"],
    load: () => import("../commands/deploy.ts"),
  },
  {
    path: "rollback",
    summary: "run the manifest's rollback commands, and put the release before the present one back",
    options: [...placeOptions, { flags: "--to <release>", summary: "this one instead" }],
    examples: ["postern rollback --env staging", "postern rollback --env staging --to 3"],
    load: () => import("../commands/rollback.ts"),
  },
  {
    path: "release list",
    aliases: ["release ls", "releases"],
    summary: "show an environment's releases, newest first",
    options: [...placeOptions],
    examples: ["postern release list --env staging"],
    load: () => import("../commands/release-list.ts"),
  },
  {
    path: "service list",
    aliases: ["service ls", "ps"],
    summary: "show the services that run in an environment",
    options: [...placeOptions],
    examples: ["postern service list --env staging"],
    load: () => import("../commands/service-list.ts"),
  },
  {
    path: "service restart",
    summary: "start an environment's services anew, with the variables of now",
    options: [...placeOptions],
    examples: ["postern service restart --env staging"],
    load: () => import("../commands/service-restart.ts"),
  },
];
