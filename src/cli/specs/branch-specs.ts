/** In charge of declaring the commands of branches. */
import {
  type CommandSpec,
  confirmOptions,
  databaseArgument,
  databaseOptions,
  destroyOptions,
} from "../command-spec.ts";

const branch = { name: "[branch]", summary: "name or id; the linked database unless said otherwise" };

export const branchSpecs: readonly CommandSpec[] = [
  {
    path: "db branch create",
    summary: "make a branch: a copy of a database, with secrets of its own",
    args: [databaseArgument, { name: "[name]", summary: "name of the branch; made up when absent" }],
    options: [
      ...databaseOptions,
      { flags: "--name <name>", summary: "the same as NAME" },
      { flags: "--ttl <time>", summary: "it destroys itself after this time, for example 2h or 7d" },
      { flags: "--backup-on-expiry", summary: "with --ttl: keep a last backup then" },
      { flags: "--link", summary: "link this folder to the branch" },
    ],
    examples: ["postern db branch create shop try-it --ttl 2h", "postern db branch create --link"],
    load: () => import("../commands/branch-create.ts"),
  },
  {
    path: "db branch list",
    aliases: ["db branch ls"],
    summary: "list a database's branches, newest first",
    args: [databaseArgument],
    options: databaseOptions,
    examples: ["postern db branch list shop"],
    load: () => import("../commands/branch-list.ts"),
  },
  {
    path: "db branch diff",
    summary: "show how a branch's schema differs from its parent's, or from another database's",
    args: [branch, { name: "[other]", summary: "what to compare with; the parent unless said otherwise" }],
    options: [...databaseOptions, { flags: "--exit-code", summary: "exit 8 when they differ" }],
    examples: [
      "postern db branch diff try-it",
      "postern db branch diff staging production --exit-code --json",
    ],
    load: () => import("../commands/branch-diff.ts"),
  },
  {
    path: "db branch reset",
    summary: "put a branch to what its parent holds now; its own changes are lost",
    args: [branch],
    options: [...databaseOptions, ...confirmOptions],
    examples: ["postern db branch reset try-it -y"],
    load: () => import("../commands/branch-reset.ts"),
  },
  {
    path: "db branch promote",
    summary: "put a branch's data in the place of its parent's, whose URLs and token stay",
    args: [branch],
    options: [
      ...databaseOptions,
      ...destroyOptions,
      { flags: "--skip-safety-snapshot", summary: "make no backup of the parent's old data" },
    ],
    examples: ["postern db branch promote try-it", "postern db branch promote try-it -y"],
    load: () => import("../commands/branch-promote.ts"),
  },
  {
    path: "db branch delete",
    aliases: ["db branch rm"],
    summary: "destroy a branch",
    args: [branch],
    options: [
      ...databaseOptions,
      ...confirmOptions,
      { flags: "--snapshot", summary: "keep a last backup, so that it can be brought back" },
    ],
    examples: ["postern db branch delete try-it -y"],
    load: () => import("../commands/branch-delete.ts"),
  },
];
