/** In charge of declaring the commands about the log of changes. */
import {
  type ArgumentSpec,
  byDatabase,
  type CommandSpec,
  databaseOptions,
  type OptionSpec,
} from "../command-spec.ts";

const table: ArgumentSpec = {
  name: "<table>",
  summary: "its name; app.users where the schema is not public",
};
const id: OptionSpec = {
  flags: "--id <id>",
  summary: "value of the row's primary key; of several columns region=eu,id=42",
};
const target = [byDatabase, ...databaseOptions];

export const stateSpecs: readonly CommandSpec[] = [
  {
    path: "state history",
    summary: "show the changes of a row, oldest first; without --id of the whole table",
    args: [table],
    options: [
      id,
      { flags: "--since <time>", summary: "not before this time: 24h, 7d, 2026-01-31T12:00Z" },
      { flags: "--between <times...>", summary: "two times: from, until" },
      { flags: "--request <request>", summary: "only what this request changed" },
      { flags: "-n, --limit <count>", summary: "the newest, at most so many; 100 when absent" },
      ...target,
    ],
    examples: [
      "postern state history users --id 42",
      "postern state history users --id 42 --since 24h --json",
      "postern state history app.prices --id region=eu,id=7",
    ],
    load: () => import("../commands/state-history.ts"),
  },
  {
    path: "state blame",
    summary: "show who last wrote each column of a row",
    args: [table],
    options: [{ ...id, required: true }, ...target],
    examples: ["postern state blame users --id 42"],
    load: () => import("../commands/state-blame.ts"),
  },
  {
    path: "state request",
    summary: "show all that one request changed, across tables",
    args: [{ name: "<request>", summary: "its id, or the beginning as state history shows it" }],
    options: target,
    examples: ["postern state request 4f9a3b2c"],
    load: () => import("../commands/state-request.ts"),
  },
  {
    path: "state restore",
    summary: "show what it takes to bring a row back to a moment, and do it with --write",
    args: [table],
    options: [
      { ...id, required: true },
      { flags: "--at <time>", summary: "the moment: 2h (ago), 2026-01-31T12:00Z", required: true },
      { flags: "--write", summary: "change the row" },
      ...target,
    ],
    examples: [
      "postern state restore users --id 42 --at 2h",
      "postern state restore users --id 42 --at 2026-01-31T12:00Z --write",
    ],
    load: () => import("../commands/state-restore.ts"),
  },
  {
    path: "state track",
    summary: "record the changes of a table whatever way they come in: SQL, HTTP, psql, ORMs",
    args: [table],
    options: [
      { flags: "--mask <column>", summary: "do not keep the values of this column", repeat: true },
      ...target,
    ],
    examples: ["postern state track users", "postern state track users --mask password_hash"],
    load: () => import("../commands/state-track.ts"),
  },
  {
    path: "state untrack",
    summary: "record only the changes of a table that come through /records",
    args: [table],
    options: target,
    examples: ["postern state untrack users"],
    load: () => import("../commands/state-untrack.ts"),
  },
  {
    path: "state tables",
    summary: "list the tables whose changes are recorded",
    options: target,
    examples: ["postern state tables"],
    load: () => import("../commands/state-tables.ts"),
  },
];
