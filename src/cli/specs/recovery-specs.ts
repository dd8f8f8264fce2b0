/** In charge of declaring the commands of recovery: to a point in time, and of servers that lost their data. */
import { type CommandSpec, confirmOptions, databaseArgument, databaseOptions } from "../command-spec.ts";
import { restoreOptions } from "./restore-options.ts";

const args = [databaseArgument];

export const recoverySpecs: readonly CommandSpec[] = [
  {
    path: "db restore",
    summary:
      "put a snapshot in the place of a database's data, or make a new database as this one was at a moment",
    args,
    options: [
      { flags: "--snapshot <id>", summary: "id of the snapshot, which takes the place of the data" },
      { flags: "--at <time>", summary: "the moment, with its time zone; the database itself stays as it is" },
      { flags: "--name <name>", summary: "of the new database, with --at" },
      ...restoreOptions,
    ],
    examples: [
      "postern db restore --snapshot bkp-8f3e2a1c --force",
      "postern db restore --env staging --snapshot bkp-8f3e2a1c --source-env production --force",
      'postern db restore shop --at "2026-11-21 10:15:00Z"',
      "postern db restore shop --at 2026-11-21T11:15:00+01:00 --name shop-before",
    ],
    load: () => import("../commands/db-restore.ts"),
  },
  {
    path: "db promote",
    summary: "put a restored database in the place of the one it was restored from",
    args: [{ name: "<database>", summary: "name or id of the restored one" }],
    options: [
      { flags: "--replace <database>", summary: "name or id of the one whose place it takes" },
      ...confirmOptions,
    ],
    examples: ["postern db promote shop-before", "postern db promote shop-before --replace shop -y"],
    load: () => import("../commands/db-promote.ts"),
  },
  {
    path: "db pitr show",
    summary: "show how far back a database can be restored",
    args,
    options: databaseOptions,
    examples: ["postern db pitr show", "postern db pitr show shop --json"],
    load: () => import("../commands/db-pitr-show.ts"),
  },
  {
    path: "db pitr enable",
    summary: "archive all that is written to a database's own server",
    args,
    options: [
      ...databaseOptions,
      { flags: "--days <days>", summary: "how far back one can go; POSTERN_PITR_DAYS unless said otherwise" },
    ],
    examples: ["postern db pitr enable shop --days 30"],
    load: () => import("../commands/db-pitr-enable.ts"),
  },
  {
    path: "db pitr disable",
    summary: "archive nothing more, and delete what was archived",
    args,
    options: [...databaseOptions, ...confirmOptions],
    examples: ["postern db pitr disable shop -y"],
    load: () => import("../commands/db-pitr-disable.ts"),
  },
  {
    path: "recover",
    summary: "bring a server whose data is lost back to the newest state of its archive",
    args: [{ name: "<server>", summary: "`shared`, or a database that has a server of its own" }],
    options: [
      { flags: "-y, --yes", summary: "do not ask" },
      { flags: "--force", summary: "do not ask, and recover it even if it runs" },
    ],
    examples: ["postern recover shared", "postern recover shop"],
    load: () => import("../commands/recover.ts"),
  },
];
