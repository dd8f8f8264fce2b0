/** In charge of declaring the commands that show the schema as it is. */
import { type CommandSpec, databaseArgument, databaseOptions, urlOption } from "../command-spec.ts";

const common = [...databaseOptions, urlOption];

export const schemaSpecs: readonly CommandSpec[] = [
  {
    path: "db schema",
    summary: "show the schema: as a list, as SQL, or as its difference from another database's",
    args: [databaseArgument],
    options: [
      ...common,
      { flags: "--dump", summary: "as SQL, by pg_dump" },
      {
        flags: "--diff <other>",
        summary: "what has to change in this other database (name, id, environment or address)",
      },
      { flags: "--exit-code", summary: "with --diff: exit 8 when they differ" },
    ],
    examples: ["postern db schema", "postern db schema --dump", "postern db schema my-app-db --diff staging"],
    load: () => import("../commands/db-schema.ts"),
  },
  {
    path: "db tables",
    summary: "list tables, or show one with its columns, constraints, indexes and policies",
    args: [databaseArgument],
    options: [...common, { flags: "--table <table>", summary: "this one: its name, or schema.name" }],
    examples: ["postern db tables", "postern db tables --table users --json"],
    load: () => import("../commands/db-tables.ts"),
  },
  {
    path: "db types",
    summary: "print TypeScript types of the schema: rows, inserts, updates, views, enums, functions",
    args: [databaseArgument],
    options: common,
    examples: ["postern db types > database.ts"],
    load: () => import("../commands/db-types.ts"),
  },
];
