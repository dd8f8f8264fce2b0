/** In charge of declaring the commands about row security. */
import {
  byDatabase,
  type CommandSpec,
  databaseArgument,
  databaseOptions,
  directoryOptions,
  urlOption,
} from "../command-spec.ts";

export const rowSecuritySpecs: readonly CommandSpec[] = [
  {
    path: "db rls",
    summary: "show row security: tables, policies with their expressions, what clients may do",
    args: [databaseArgument],
    options: [...databaseOptions, urlOption],
    examples: ["postern db rls", "postern db rls my-app-db --json"],
    load: () => import("../commands/db-rls.ts"),
  },
  {
    path: "db rls init",
    summary: "write a migration that gives users their own rows: policies, grants, indexes",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      urlOption,
      { flags: "--with-groups", summary: "also tables of groups and members, and policies that ask them" },
      { flags: "--table <table>", summary: "only this table, even where it has policies", repeat: true },
      { flags: "--apply", summary: "run it at once instead of writing a migration" },
      ...directoryOptions,
    ],
    examples: [
      "postern db rls init",
      "postern db rls init --with-groups",
      "postern db rls init --table todos --apply",
    ],
    load: () => import("../commands/db-rls-init.ts"),
  },
  {
    path: "db rls check",
    summary: "find what lets clients reach rows that are not theirs, and policies that are slow",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      urlOption,
      { flags: "--exit-code", summary: "exit 8 when there are errors or warnings" },
    ],
    examples: ["postern db rls check", "postern db rls check --exit-code --json"],
    load: () => import("../commands/db-rls-check.ts"),
  },
  {
    path: "db rls test",
    summary: "run a statement as a client would, and take back what it did",
    args: [{ name: "<sql>", summary: "one statement that reads or writes rows" }],
    options: [
      byDatabase,
      ...databaseOptions,
      urlOption,
      { flags: "--as <subject>", summary: "as the user whose auth.uid() this is" },
      { flags: "--claims <json>", summary: "with --as: what else auth.jwt() says" },
      { flags: "--anon", summary: "as a client without a token, read-only" },
      { flags: "--param <value>", summary: "value of $1, $2, … in their order", repeat: true },
    ],
    examples: [
      'postern db rls test --as user-1 "SELECT * FROM todos"',
      'postern db rls test --anon "SELECT * FROM news" --json',
    ],
    load: () => import("../commands/db-rls-test.ts"),
  },
];
