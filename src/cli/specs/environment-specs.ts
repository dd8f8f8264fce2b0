/** In charge of declaring the commands of projects and their environments. */
import { type CommandSpec, confirmOptions, destroyOptions, type OptionSpec } from "../command-spec.ts";

const project: OptionSpec = {
  flags: "--project <project>",
  summary: "name or id; the linked one, or postern.yaml's, when absent",
};
const environment = { name: "<environment>", summary: "its name, for example staging" };

const destroyWishes: readonly OptionSpec[] = [
  { flags: "--skip-snapshot", summary: "keep no last backups: its databases are gone for good" },
  { flags: "--with-branches", summary: "branches of its databases too, without last backups" },
];

export const environmentSpecs: readonly CommandSpec[] = [
  {
    path: "project list",
    aliases: ["project ls"],
    summary: "list projects, newest first",
    examples: ["postern project list"],
    load: () => import("../commands/project-list.ts"),
  },
  {
    path: "project show",
    summary: "show a project",
    args: [{ name: "[project]", summary: "name or id; this folder's unless said otherwise" }],
    examples: ["postern project show shop"],
    load: () => import("../commands/project-show.ts"),
  },
  {
    path: "project create",
    summary: "make a project and link this folder to it",
    args: [{ name: "<name>", summary: "1 to 40 characters of a-z 0-9 _ -" }],
    examples: ["postern project create shop"],
    load: () => import("../commands/project-create.ts"),
  },
  {
    path: "project link",
    summary: "link this folder to a project",
    args: [{ name: "<project>", summary: "name or id" }],
    examples: ["postern project link shop"],
    load: () => import("../commands/project-link.ts"),
  },
  {
    path: "project destroy",
    aliases: ["project rm"],
    summary: "destroy a project with all of its environments",
    args: [{ name: "[project]", summary: "name or id; this folder's unless said otherwise" }],
    options: [
      ...confirmOptions,
      { flags: "--confirm <project>", summary: "its name, where one of its environments is protected" },
      ...destroyWishes,
    ],
    examples: ["postern project destroy shop"],
    load: () => import("../commands/project-destroy.ts"),
  },
  {
    path: "env list",
    aliases: ["env ls"],
    summary: "list the environments of a project and their databases",
    options: [project],
    examples: ["postern env list", "postern env list --project shop --json"],
    load: () => import("../commands/env-list.ts"),
  },
  {
    path: "env show",
    summary: "show an environment and its databases",
    args: [environment],
    options: [project],
    examples: ["postern env show staging"],
    load: () => import("../commands/env-show.ts"),
  },
  {
    path: "env create",
    summary: "make an environment; production is protected unless said otherwise",
    args: [environment],
    options: [project, { flags: "--protected", summary: "what destroys its data wants --confirm NAME" }],
    examples: ["postern env create staging", "postern env create live --protected"],
    load: () => import("../commands/env-create.ts"),
  },
  {
    path: "env destroy",
    aliases: ["env rm"],
    summary:
      "stop an environment's services, destroy its databases, keeping last backups, and forget its releases",
    args: [environment],
    options: [project, ...destroyOptions, ...destroyWishes],
    examples: ["postern env destroy staging", "postern env destroy preview --yes --skip-snapshot"],
    load: () => import("../commands/env-destroy.ts"),
  },
  {
    path: "env protect",
    summary: "protect an environment: what destroys its data wants --confirm NAME",
    args: [environment],
    options: [project],
    examples: ["postern env protect staging"],
    load: () => import("../commands/env-protect.ts"),
  },
  {
    path: "env unprotect",
    summary: "end the protection of an environment",
    args: [environment],
    options: [project, { flags: "--confirm <environment>", summary: "its name once more" }],
    examples: ["postern env unprotect production --confirm production"],
    load: () => import("../commands/env-unprotect.ts"),
  },
];
