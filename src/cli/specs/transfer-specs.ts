/** In charge of declaring the commands that empty databases and move data in and out. */
import {
  type CommandSpec,
  databaseArgument,
  databaseOptions,
  destroyOptions,
  directoryOptions,
  type OptionSpec,
  urlOption,
} from "../command-spec.ts";

const skipSnapshot: OptionSpec = {
  flags: "--skip-snapshot",
  summary: "db.p2 and db.p3: keep no backup of what is there now",
};

const excludeSchema: OptionSpec = {
  flags: "--exclude-schema <name>",
  summary: "leave this schema out",
  repeat: true,
};

export const transferSpecs: readonly CommandSpec[] = [
  {
    path: "db reset",
    summary: "empty a database and apply all migrations",
    args: [databaseArgument],
    options: [...databaseOptions, urlOption, ...directoryOptions, ...destroyOptions, skipSnapshot],
    examples: [
      "postern db reset --force",
      "postern db reset --url postgres://app:app@localhost/myapp --force",
    ],
    load: () => import("../commands/db-reset.ts"),
  },
  {
    path: "db wipe",
    summary: "empty a database; no migrations are run",
    args: [databaseArgument],
    options: [...databaseOptions, urlOption, ...destroyOptions, skipSnapshot],
    examples: ["postern db wipe my-app-db --force"],
    load: () => import("../commands/db-wipe.ts"),
  },
  {
    path: "db export",
    summary: "write a database to a dump that any Postgres takes",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      urlOption,
      {
        flags: "--format <format>",
        summary: "custom unless said otherwise; directory is made by several sessions, plain is SQL",
        choices: ["custom", "directory", "plain"],
      },
      { flags: "-o, --output <file>", summary: "where to write; - is stdout" },
      { flags: "--schema-only", summary: "without rows" },
      excludeSchema,
      { flags: "--no-acl", summary: "without grants; plain never has them" },
    ],
    outputIsFile: true,
    examples: [
      "postern db export my-app-db",
      "postern db export my-app-db --format plain -o - | gzip > app.sql.gz",
    ],
    load: () => import("../commands/db-export.ts"),
  },
  {
    path: "db import",
    summary: "take over another server's database, or a dump",
    args: [
      {
        name: "[database]",
        summary: "name or id; with one argument that is the source, and the linked database is filled",
      },
      {
        name: "[source]",
        summary: "postgres:// address, or a dump: custom, directory, tar, SQL, each also as .gz; - is stdin",
      },
    ],
    options: [
      ...databaseOptions,
      urlOption,
      { flags: "--clean", summary: "empty the database first" },
      { flags: "--into-existing", summary: "import beside what is there" },
      { flags: "--schema <name>", summary: "only this schema", repeat: true },
      excludeSchema,
      { flags: "--with-grants", summary: "also grants, of roles that exist here" },
      { flags: "--keep-going", summary: "leave out what fails; without it, it is all or nothing" },
      { flags: "--allow-missing", summary: "exit 0 although something was left out" },
      { flags: "--skip-verify", summary: "do not count rows at the source" },
      ...destroyOptions,
      skipSnapshot,
    ],
    examples: [
      "postern db import my-app-db postgres://user:password@db.example.com/app",
      "postern db import app.dump --clean --yes",
      "gunzip -c app.sql.gz | postern db import my-app-db -",
    ],
    load: () => import("../commands/db-import.ts"),
  },
];
