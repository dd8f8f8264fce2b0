/** In charge of declaring the commands of branches. */
import { type CommandSpec, databaseOptions } from "../command-spec.ts";

const parent = { name: "[database]", summary: "name or id; the linked database unless said otherwise" };

export const branchSpecs: readonly CommandSpec[] = [
  {
    path: "db branch create",
    summary: "make a branch: a copy of a database, with secrets of its own",
    args: [parent, { name: "[name]", summary: "name of the branch; made up when absent" }],
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
    args: [parent],
    options: databaseOptions,
    examples: ["postern db branch list shop"],
    load: () => import("../commands/branch-list.ts"),
  },
];
