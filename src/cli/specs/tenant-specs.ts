/** In charge of declaring the commands about tokens, credentials and tiers. */
import {
  type CommandSpec,
  classOption,
  confirmOptions,
  databaseArgument,
  databaseOptions,
} from "../command-spec.ts";

const databaseOption = { flags: "--database <database>", summary: "name or id of the database" };

export const tenantSpecs: readonly CommandSpec[] = [
  {
    path: "db token list",
    aliases: ["db token ls"],
    summary: "list the tokens that open a database",
    args: [databaseArgument],
    options: databaseOptions,
    examples: ["postern db token list", "postern db token list my-app-db --json"],
    load: () => import("../commands/db-token-list.ts"),
  },
  {
    path: "db token create",
    summary: "make another token for a database; it is shown only once",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      { flags: "--label <label>", summary: "what it is for" },
      { flags: "--read-only", summary: "it reads by SQL over HTTP and changes nothing" },
      {
        flags: "--tenant <tenant>",
        summary: "for one tenant of the application: under row security, where auth.tenant_id() says this",
      },
      {
        flags: "--expires <time>",
        summary: "after how long it opens nothing, for example 30d; never when absent",
      },
    ],
    examples: [
      "postern db token create --label ci",
      "postern db token create my-app-db --label reports --read-only --expires 30d",
      "postern db token create --tenant acme",
    ],
    load: () => import("../commands/db-token-create.ts"),
  },
  {
    path: "db token revoke",
    aliases: ["db token rm"],
    summary: "revoke a token, at once",
    args: [{ name: "<token>", summary: "its id, or a label that no other has" }],
    options: [databaseOption, ...databaseOptions, ...confirmOptions],
    examples: [
      "postern db token revoke ci",
      "postern db token revoke tok-8d1c0f7a2b3e --database my-app-db -y",
    ],
    load: () => import("../commands/db-token-revoke.ts"),
  },
  {
    path: "db rotate-credentials",
    summary: "give a database a new password and a new token",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      ...confirmOptions,
      {
        flags: "--grace <time>",
        summary: "how long the old token and open connections go on, for example 10m; not at all when absent",
      },
      { flags: "--all-tokens", summary: "end the tokens made by `db token create`, too" },
    ],
    examples: ["postern db rotate-credentials", "postern db rotate-credentials my-app-db --grace 10m -y"],
    load: () => import("../commands/db-rotate-credentials.ts"),
  },
  {
    path: "db reset-password",
    summary: "give a database's owner a new password; connections that are open go on",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      { flags: "--generate", summary: "a random one" },
      {
        flags: "--password-stdin",
        summary: "read it from stdin; else it is asked for, or comes from POSTERN_DB_PASSWORD",
      },
    ],
    examples: ["postern db reset-password", "postern db reset-password my-app-db --generate"],
    load: () => import("../commands/db-reset-password.ts"),
  },
  {
    path: "db scale",
    summary: "give a database another class; it stays in use meanwhile",
    args: [databaseArgument],
    options: [...databaseOptions, ...confirmOptions, { ...classOption, required: true }],
    examples: ["postern db scale --class db.p2", "postern db scale my-app-db --class db.p3 --yes"],
    load: () => import("../commands/db-scale.ts"),
  },
];
