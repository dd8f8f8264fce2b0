/** In charge of declaring the commands that look into a database: what runs, what is slow, what is in the way. */
import {
  byDatabase,
  type CommandSpec,
  databaseArgument,
  databaseOptions,
  type OptionSpec,
  urlOption,
} from "../command-spec.ts";

const common = [...databaseOptions, urlOption];

const inspectSpec = (
  name: string,
  summary: string,
  { options = [], aliases = [] }: { options?: readonly OptionSpec[]; aliases?: readonly string[] } = {},
): CommandSpec => ({
  path: `db inspect ${name}`,
  ...(aliases.length > 0 && { aliases: aliases.map((alias) => `db inspect ${alias}`) }),
  summary,
  args: [databaseArgument],
  options: [...common, ...options],
  examples: [`postern db inspect ${name}`, `postern db inspect ${name} --url "$DATABASE_URL" --json`],
  load: async () => {
    const { inspect } = await import("../commands/db-inspect-report.ts");
    return { run: inspect(name) };
  },
});

const statementsSpec = (
  name: "slow" | "calls",
  summary: string,
  aliases: readonly string[] = [],
): CommandSpec => ({
  path: `db inspect ${name}`,
  ...(aliases.length > 0 && { aliases }),
  summary,
  args: [databaseArgument],
  options: [...common, { flags: "--since <span>", summary: "since when: 10m, 24h, 7d; a day when absent" }],
  examples: [`postern db inspect ${name}`, `postern db inspect ${name} --since 1h --json`],
  load: async () => {
    const { inspectStatements } = await import("../commands/db-inspect-statements.ts");
    return { run: inspectStatements(name) };
  },
});

export const insightSpecs: readonly CommandSpec[] = [
  {
    path: "top",
    summary: "watch what all databases are asked: statements, latency, sessions, what is slow (q quits)",
    examples: ["postern top", "postern top --json"],
    load: () => import("../commands/top.ts"),
  },
  {
    path: "db inspect",
    summary: "look at a database from all sides: how much each look found",
    args: [databaseArgument],
    options: common,
    examples: ["postern db inspect", "postern db inspect --url postgres://localhost/shop"],
    load: () => import("../commands/db-inspect.ts"),
  },
  inspectSpec("activity", "sessions that do something, or hold a transaction open"),
  inspectSpec("long-running", "statements and transactions that last long", {
    options: [{ flags: "--over <span>", summary: "longer than this: 500ms, 10s, 5m; a minute when absent" }],
  }),
  inspectSpec("connections", "how many sessions there are, by user, application and state"),
  inspectSpec("locks", "locks that others would notice, and who waits for one"),
  inspectSpec("blocking", "who waits for whom, and which session to end"),
  statementsSpec("slow", "statements that took the most time", ["db inspect outliers"]),
  statementsSpec("calls", "statements that ran most often"),
  {
    path: "db inspect nplus1",
    summary: "statements that single requests ask again and again",
    args: [databaseArgument],
    options: databaseOptions,
    examples: ["postern db inspect nplus1", "postern db inspect nplus1 my-app-db --json"],
    load: () => import("../commands/db-inspect-nplus1.ts"),
  },
  {
    path: "db inspect requests",
    summary: "requests over HTTP that were slow, or asked the same again and again",
    args: [databaseArgument],
    options: databaseOptions,
    examples: ["postern db inspect requests", "postern db inspect requests my-app-db --json"],
    load: () => import("../commands/db-inspect-requests.ts"),
  },
  {
    path: "db trace",
    summary: "show all that one request over HTTP asked, by its x-request-id",
    args: [{ name: "<request>", summary: "the request's id, as its answer's x-request-id says it" }],
    options: [byDatabase, ...databaseOptions],
    examples: ["postern db trace 4f9a3b2c", "postern db trace 4f9a3b2c --database my-app-db --json"],
    load: () => import("../commands/db-trace.ts"),
  },
  inspectSpec("indexes", "how often indexes are used, how large they are, which could go"),
  inspectSpec("seq-scans", "tables that are read from end to end, and how often"),
  inspectSpec("sizes", "how much room tables, their indexes and their long values take"),
  inspectSpec("bloat", "room that tables and indexes take and would not need (estimated)"),
  inspectSpec("vacuum", "dead rows, when each table was vacuumed and analyzed, and when it is due"),
  inspectSpec("cache", "how much of what is read was in Postgres's memory"),
  {
    path: "db advise",
    summary: "say which indexes are missing, which are not needed, and what requests ask again and again",
    args: [databaseArgument],
    options: [...common, { flags: "--exit-code", summary: "exit 8 when there is something to do" }],
    examples: ["postern db advise", "postern db advise --url postgres://localhost/shop --json"],
    load: () => import("../commands/db-advise.ts"),
  },
  {
    path: "db kill",
    summary: "end a session of a database; what it has not committed is undone",
    args: [{ name: "<pid>", summary: "its process id, as `postern db inspect activity` shows it" }],
    options: [
      byDatabase,
      ...common,
      { flags: "--cancel", summary: "end only the statement that it runs, not the session" },
    ],
    examples: ["postern db kill 4711", "postern db kill 4711 --cancel --database my-app-db"],
    load: () => import("../commands/db-kill.ts"),
  },
];
