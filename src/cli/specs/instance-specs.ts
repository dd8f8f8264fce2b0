/** In charge of declaring the commands of registered instances. */
import type { ArgumentSpec, CommandSpec } from "../command-spec.ts";
import { confirmOptions } from "../command-spec.ts";

const instanceArgument: ArgumentSpec = { name: "<instance>", summary: "name or id" };

export const instanceSpecs: readonly CommandSpec[] = [
  {
    path: "admin instance register",
    summary: "register a Postgres server that somebody else runs, so that databases can be placed on it",
    options: [
      { flags: "--name <name>", summary: "what it is called here", required: true },
      {
        flags: "--dsn <url>",
        summary:
          "postgres://user:password@host:port/database of a role that may create roles and databases; also from POSTERN_INSTANCE_DSN",
      },
      { flags: "--dsn-file <file>", summary: "the same from a file; - reads standard input" },
      { flags: "--tier <classes>", summary: "databases of these classes are placed here: db.p1,db.p3" },
      { flags: "--label <key=value>", summary: "a label that databases can ask for", repeat: true },
      { flags: "--capacity <count>", summary: "how many databases it takes" },
      {
        flags: "--max-connections <count>",
        summary:
          "sessions that all databases there may hold; four fifths of the server's unless said otherwise",
      },
      {
        flags: "--ca <file>",
        summary: "certificates of the authorities that its certificate is checked against",
      },
      {
        flags: "--insecure",
        summary: "a server of this machine or a private network may be spoken to in the clear",
      },
      { flags: "--take-over", summary: "it carries the mark of another Postern, which is gone for good" },
    ],
    examples: [
      "postern admin instance register --name rds-1 --dsn-file ./rds.url --tier db.p3 --label region=eu-west --capacity 200",
      'postern admin instance register --name ha --dsn "postgres://admin:secret@10.0.0.5:5000/postgres?sslmode=verify-full" --ca ./ca.pem',
    ],
    load: () => import("../commands/instance-register.ts"),
  },
  {
    path: "admin instance list",
    aliases: ["admin instance ls"],
    summary: "list registered instances and how they are",
    examples: ["postern admin instance list", "postern admin instance list --json"],
    load: () => import("../commands/instance-list.ts"),
  },
  {
    path: "admin instance show",
    aliases: ["admin instance info"],
    summary: "show all that is known of a registered instance",
    args: [instanceArgument],
    options: [{ flags: "--check", summary: "look at it now" }],
    examples: ["postern admin instance show rds-1", "postern admin instance show rds-1 --check"],
    load: () => import("../commands/instance-show.ts"),
  },
  {
    path: "admin instance drain",
    summary: "place nothing new on a registered instance; what is there stays",
    args: [instanceArgument],
    options: [{ flags: "--off", summary: "place databases there again" }],
    examples: ["postern admin instance drain rds-1", "postern admin instance drain rds-1 --off"],
    load: () => import("../commands/instance-drain.ts"),
  },
  {
    path: "admin instance deregister",
    aliases: ["admin instance rm"],
    summary:
      "take everything of Postern's off a registered instance and forget it; refused while databases are on it",
    args: [instanceArgument],
    options: [
      ...confirmOptions,
      { flags: "--leave-behind", summary: "also when it does not answer: what Postern made there stays" },
    ],
    examples: ["postern admin instance deregister rds-1"],
    load: () => import("../commands/instance-deregister.ts"),
  },
];
