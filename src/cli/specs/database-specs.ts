/** In charge of declaring the commands that make, show and end databases. */
import {
  type CommandSpec,
  classOption,
  databaseArgument,
  databaseOptions,
  destroyOptions,
  type OptionSpec,
  urlOption,
} from "../command-spec.ts";

const createOptions: readonly OptionSpec[] = [
  { flags: "--name <name>", summary: "the same as NAME" },
  classOption,
  {
    flags: "--isolation <isolation>",
    summary:
      "on the shared Postgres, on one of its own, in a machine of its own, or on a registered instance",
    choices: ["shared", "process", "microvm", "external"],
  },
  { flags: "--instance <instance>", summary: "name or id of the registered instance that it is placed on" },
  {
    flags: "--label <key=value>",
    summary: "a label that the registered instance must have",
    repeat: true,
  },
  {
    flags: "--version <major>",
    summary: "major version of Postgres; another than the shared server's means a server of its own",
  },
  { flags: "--link", summary: "link this folder to it, also when it is linked to another" },
  { flags: "--reveal", summary: "print the whole token" },
];
const password = "the password is asked for, or comes from POSTERN_DB_PASSWORD or stdin";

export const databaseSpecs: readonly CommandSpec[] = [
  {
    path: "db create",
    summary: "create a database and link this folder to it",
    args: [{ name: "[name]", summary: "1 to 63 characters of a-z 0-9 _ -; made up when absent" }],
    options: [
      ...createOptions,
      { flags: "-U, --username <user>", summary: `name of its owner in Postgres; ${password}` },
    ],
    examples: ["postern db create my-app-db", "postern db create shop --class db.p2 --json"],
    load: () => import("../commands/db-create.ts"),
  },
  {
    path: "db provision",
    summary: "create a database with an owner's name and password of your own choice",
    args: [{ name: "<name>", summary: "name of the database" }],
    options: [
      ...createOptions,
      { flags: "-U, --username <user>", summary: `name of its owner in Postgres; ${password}` },
    ],
    examples: ["postern db provision shop -U shop_owner"],
    load: () => import("../commands/db-create.ts"),
  },
  {
    path: "db list",
    aliases: ["db ls"],
    summary: "list databases, newest first",
    options: [{ flags: "--destroyed", summary: "those that can be brought back" }],
    examples: ["postern db list", "postern db list --destroyed --json"],
    load: () => import("../commands/db-list.ts"),
  },
  {
    path: "db info",
    aliases: ["db show"],
    summary: "show a database",
    args: [databaseArgument],
    options: [...databaseOptions, urlOption],
    examples: ["postern db info", "postern db info my-app-db --json"],
    load: () => import("../commands/db-info.ts"),
  },
  {
    path: "db status",
    summary: "show how a database is now",
    args: [databaseArgument],
    options: [...databaseOptions, urlOption],
    examples: ["postern db status my-app-db", 'postern db status --url "$DATABASE_URL"'],
    load: () => import("../commands/db-info.ts"),
  },
  {
    path: "db wait",
    summary: "wait until a database is ready and answers",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      urlOption,
      {
        flags: "--status <status>",
        summary: "what to wait for; ready when absent",
        choices: ["ready", "active", "paused", "destroyed"],
      },
      { flags: "--timeout <time>", summary: "how long at most, 60s unless said otherwise" },
    ],
    examples: ["postern db wait my-app-db --timeout 2m", "postern db wait my-app-db --status paused"],
    load: () => import("../commands/db-wait.ts"),
  },
  {
    path: "db url",
    summary: "print one connection URL of a database",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      { flags: "--pooled", summary: "for applications, through PgBouncer (the default)" },
      { flags: "--direct", summary: "for migrations, dumps and sessions" },
      { flags: "--http", summary: "for SQL over HTTP" },
      { flags: "--reveal", summary: "with the password" },
    ],
    examples: ["postern db url --reveal", 'psql "$(postern db url my-app-db --direct --reveal)"'],
    load: () => import("../commands/db-url.ts"),
  },
  {
    path: "db destroy",
    aliases: ["db rm"],
    summary: "destroy a database, keeping a last backup for a while",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      ...destroyOptions,
      { flags: "--skip-snapshot", summary: "keep no last backup: it is gone for good" },
      { flags: "--with-branches", summary: "its branches too, without last backups" },
    ],
    examples: [
      "postern db destroy my-app-db",
      "postern db destroy --env staging --force",
      "postern db rm db-c1cf9a9be667 -y",
    ],
    load: () => import("../commands/db-destroy.ts"),
  },
  {
    path: "db undelete",
    summary: "bring a destroyed database back",
    args: [{ name: "<database>", summary: "name or id" }],
    examples: ["postern db undelete my-app-db"],
    load: () => import("../commands/db-undelete.ts"),
  },
];
