/** In charge of declaring the commands that tie folders and programs to databases. */
import { type CommandSpec, databaseOptions } from "../command-spec.ts";

export const projectSpecs: readonly CommandSpec[] = [
  {
    path: "init",
    summary:
      "write a first postern.yaml, a folder for migrations and lines of .gitignore; nothing is overwritten",
    args: [{ name: "[name]", summary: "of the project; the folder's when absent" }],
    options: [{ flags: "--local", summary: "only write files: ask no daemon for the project" }],
    examples: ["postern init", "postern init shop --local"],
    load: () => import("../commands/init.ts"),
  },
  {
    path: "link",
    summary: "link this folder to a database",
    args: [{ name: "[database]", summary: "name or id; chosen from a list when absent" }],
    options: databaseOptions,
    examples: ["postern link my-app-db", 'postern link --db-id db-c1cf9a9be667 --token "$TOKEN"'],
    load: () => import("../commands/link.ts"),
  },
  {
    path: "unlink",
    summary: "take this folder's link away",
    examples: ["postern unlink"],
    load: () => import("../commands/unlink.ts"),
  },
  {
    path: "vars",
    summary: "show the variables by which programs find the database",
    options: [
      ...databaseOptions,
      { flags: "--reveal", summary: "with the secrets" },
      { flags: "--pull <file>", summary: "write them into this file, 0600, beside what is there" },
      { flags: "--force", summary: "replace your own values in that file" },
    ],
    examples: ["postern vars", "postern vars --pull .env", "postern vars --reveal --json"],
    load: () => import("../commands/vars.ts"),
  },
  {
    path: "run",
    summary: "run a program with the database's variables in its environment",
    args: [{ name: "<command...>", summary: "the program and its arguments" }],
    options: databaseOptions,
    passThrough: true,
    examples: ["postern run -- node server.js", "postern run -- npx prisma migrate deploy"],
    load: () => import("../commands/run.ts"),
  },
];
