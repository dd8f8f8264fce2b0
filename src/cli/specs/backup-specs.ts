/** In charge of declaring the commands of backups and of long work. A snapshot is a backup by another name. */
import {
  byDatabase,
  type CommandSpec,
  confirmOptions,
  databaseArgument,
  databaseOptions,
  type OptionSpec,
} from "../command-spec.ts";
import { restoreOptions } from "./restore-options.ts";

const backup = { name: "<backup>", summary: "id of the backup" };
const limit: OptionSpec = { flags: "--limit <count>", summary: "how many at most, 50 unless said otherwise" };
export const backupSpecs: readonly CommandSpec[] = [
  {
    path: "db backup create",
    aliases: ["db snapshot"],
    summary: "back a database up",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      { flags: "--retention <time>", summary: "how long to keep it, for example 90d" },
    ],
    examples: ["postern db backup create", "postern db snapshot --retention 90d"],
    load: () => import("../commands/backup-create.ts"),
  },
  {
    path: "db backup list",
    aliases: ["db backup ls", "db snapshots"],
    summary: "list a database's backups, newest first",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      { flags: "--status <status>", summary: "only these", choices: ["running", "completed", "failed"] },
      limit,
    ],
    examples: ["postern db backup list", "postern db snapshots --status completed --limit 5"],
    load: () => import("../commands/backup-list.ts"),
  },
  {
    path: "db backup show",
    aliases: ["db snapshot show"],
    summary: "show a backup",
    args: [backup],
    examples: ["postern db backup show bkp-8f3e2a1c"],
    load: () => import("../commands/backup-show.ts"),
  },
  {
    path: "db backup status",
    aliases: ["db backup-status"],
    summary: "show how lately a database was backed up; exit 8 when a backup is missing",
    args: [databaseArgument],
    options: databaseOptions,
    examples: ["postern db backup status"],
    load: () => import("../commands/backup-status.ts"),
  },
  {
    path: "db backup policy",
    summary: "show or change when a database is backed up, and for how long backups are kept",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      { flags: "--schedule <cron>", summary: "minute hour day month weekday, in UTC; off; or default" },
      { flags: "--retention <time>", summary: "how long to keep backups, for example 30d; or default" },
      {
        flags: "--snapshot-on-delete <when>",
        summary: "keep a last backup when it is destroyed",
        choices: ["on", "off", "default"],
      },
      {
        flags: "--snapshot-on-reset <when>",
        summary: "make a backup before it is reset",
        choices: ["on", "off", "default"],
      },
    ],
    examples: [
      "postern db backup policy",
      'postern db backup policy --schedule "0 */6 * * *" --retention 90d',
    ],
    load: () => import("../commands/backup-policy.ts"),
  },
  {
    path: "db backup restore",
    summary: "put a backup in the place of a database's data",
    args: [backup],
    options: restoreOptions,
    examples: ["postern db backup restore bkp-8f3e2a1c", "postern db backup restore bkp-8f3e2a1c -y"],
    load: () => import("../commands/backup-restore.ts"),
  },
  {
    path: "db backup verify",
    aliases: ["db snapshot verify"],
    summary:
      "restore a backup aside and compare it with what it was made of; exit 8 when other work went first",
    args: [{ name: "[backup]", summary: "its id, or a database: then its newest" }],
    options: databaseOptions,
    examples: ["postern db backup verify bkp-8f3e2a1c", "postern db backup verify my-app-db"],
    load: () => import("../commands/backup-verify.ts"),
  },
  {
    path: "db backup download",
    aliases: ["db snapshot download"],
    summary: "write a backup's file, in the custom format of pg_dump, and check it",
    args: [backup],
    outputIsFile: true,
    options: [
      { flags: "-o, --output <file>", summary: "where to; its own name when absent" },
      { flags: "--url", summary: "print an address instead that needs no key" },
      { flags: "--expires-in <time>", summary: "of the address: 15m when absent, 7d at most" },
    ],
    examples: ["postern db backup download bkp-8f3e2a1c --output shop.dump"],
    load: () => import("../commands/backup-download.ts"),
  },
  {
    path: "db backup delete",
    aliases: ["db backup rm", "db snapshot delete"],
    summary: "delete a backup",
    args: [backup],
    options: confirmOptions,
    examples: ["postern db backup delete bkp-8f3e2a1c -y"],
    load: () => import("../commands/backup-delete.ts"),
  },
  {
    path: "db backup new-key",
    summary: "make a key to encrypt backups with",
    args: [{ name: "<file>", summary: "where to; it must not exist" }],
    examples: ["postern db backup new-key /root/backup.key"],
    load: () => import("../commands/backup-new-key.ts"),
  },
  {
    path: "ops list",
    aliases: ["ops ls"],
    summary: "list operations, newest first",
    options: [byDatabase, limit],
    examples: ["postern ops list", "postern ops list -d my-app-db --json"],
    load: () => import("../commands/ops-list.ts"),
  },
  {
    path: "ops show",
    summary: "show an operation and its steps",
    args: [{ name: "<operation>", summary: "its id" }],
    examples: ["postern ops show op-0123456789ab"],
    load: () => import("../commands/ops-show.ts"),
  },
  {
    path: "ops watch",
    summary: "follow an operation to its end",
    args: [{ name: "<operation>", summary: "its id" }],
    examples: ["postern ops watch op-0123456789ab"],
    load: () => import("../commands/ops-watch.ts"),
  },
  {
    path: "ops cancel",
    summary: "end an operation before its end, and undo what it has begun",
    args: [{ name: "<operation>", summary: "its id, op-…" }],
    examples: ["postern ops cancel op-0123456789ab"],
    load: () => import("../commands/ops-cancel.ts"),
  },
];
