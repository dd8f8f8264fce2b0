/** In charge of declaring the commands that run SQL and migrations. */
import {
  byDatabase,
  type CommandSpec,
  databaseArgument,
  databaseOptions,
  directoryOptions,
  type OptionSpec,
  urlOption,
} from "../command-spec.ts";

const readOnly: OptionSpec = { flags: "--read-only", summary: "refuse whatever would change data" };

export const sqlSpecs: readonly CommandSpec[] = [
  {
    path: "db migrate",
    summary: "apply the migrations that are not applied yet",
    args: [databaseArgument],
    options: [
      ...databaseOptions,
      urlOption,
      ...directoryOptions,
      { flags: "--status", summary: "show what is applied and what is not; change nothing" },
      { flags: "--plan", summary: "show what would run, and how; change nothing" },
      { flags: "--to <name>", summary: "stop after this file: its name, or its number" },
      { flags: "--strict", summary: "refuse a pending file that comes before an applied one" },
      {
        flags: "--lock-timeout <time>",
        summary:
          "how long a statement may wait for a lock, such as 5s; its file is tried again up to ten times",
      },
      {
        flags: "--baseline",
        summary:
          "run nothing; note as applied what Prisma, drizzle, Knex or hands have made already; with --to all up to it",
      },
      {
        flags: "--ci",
        summary:
          "as a job: the database from DIRECT_URL or DATABASE_URL, the files from MIGRATIONS_DIR, no daemon, no questions",
      },
      {
        flags: "--wait <time>",
        summary: "with --ci: how long to wait for the database to answer; 60s when absent",
      },
      {
        flags: "--lint",
        summary:
          "say what they block, lose or may fail at; run nothing. Pending ones, or all without a database",
      },
      { flags: "--since <name>", summary: "with --lint: the files after this one" },
      {
        flags: "--exit-code",
        summary: "exit 8 when something is pending (--status, --plan) or found (--lint, always so in CI)",
      },
      { flags: "--rehearse", summary: "try them on a copy first: time, locks, rewrites; then ask" },
      { flags: "-y, --yes", summary: "with --rehearse: apply them when all have passed" },
    ],
    examples: [
      "postern db migrate",
      "postern db migrate --status",
      "postern db migrate --rehearse",
      "postern db migrate --lint --since 012 --exit-code",
      "postern db migrate --dir db/migrations --json",
      "postern db migrate --lock-timeout 5s --strict",
      "postern db migrate --baseline",
      "DATABASE_URL=postgres://… MIGRATIONS_DIR=/migrations postern db migrate --ci",
    ],
    load: () => import("../commands/db-migrate.ts"),
  },
  {
    path: "db migrations",
    summary: "list the migrations that are applied",
    args: [databaseArgument],
    options: [...databaseOptions, urlOption],
    examples: ["postern db migrations --json"],
    load: () => import("../commands/db-migrations.ts"),
  },
  {
    path: "db new",
    summary: "make an empty migration file with the next name",
    args: [{ name: "<description>", summary: "what it does, for example add_tags" }],
    options: directoryOptions,
    examples: ["postern db new add_tags"],
    load: () => import("../commands/db-new.ts"),
  },
  {
    path: "db exec",
    summary: "run SQL",
    args: [{ name: "[sql]", summary: "one statement, or - for stdin" }],
    options: [
      byDatabase,
      ...databaseOptions,
      urlOption,
      { flags: "-f, --file <file>", summary: "run this file; several statements are one transaction" },
      { flags: "--param <value>", summary: "value of $1, $2, … in their order", repeat: true },
      readOnly,
    ],
    examples: [
      'postern db exec "SELECT count(*) FROM users;"',
      'postern db exec "SELECT * FROM users WHERE id = $1" --param 42 --json',
      "postern db exec -f seed.sql",
    ],
    load: () => import("../commands/db-exec.ts"),
  },
  {
    path: "db sql",
    summary: "run SQL that only reads, unless --write says otherwise",
    args: [databaseArgument],
    options: [
      byDatabase,
      ...databaseOptions,
      urlOption,
      { flags: "--sql <sql>", summary: "what to run" },
      {
        flags: "-f, --file <file>",
        summary: "run this file, or - for stdin; several statements are one transaction",
      },
      { flags: "--param <value>", summary: "value of $1, $2, … in their order", repeat: true },
      { flags: "--write", summary: "let it change data" },
      { flags: "--max-rows <count>", summary: "print no more rows than these of a statement" },
      { flags: "--explain", summary: "print the plan instead; with --write or a reading statement measured" },
    ],
    examples: [
      'postern db sql --sql "SELECT count(*) FROM users"',
      "postern db sql --env staging --file report.sql --max-rows 100 -o csv",
      'postern db sql my-app-db --sql "COPY users TO STDOUT CSV HEADER" > users.csv',
      'postern db sql --write --sql "COPY users FROM STDIN CSV HEADER" < users.csv',
      'postern db sql --write --sql "UPDATE users SET name = $1 WHERE id = 1" --param Alice',
    ],
    load: () => import("../commands/db-sql.ts"),
  },
  {
    path: "db connect",
    aliases: ["db shell"],
    summary: "open an SQL session; or run what is piped to it",
    args: [databaseArgument],
    options: [
      byDatabase,
      ...databaseOptions,
      urlOption,
      { flags: "-c, --command <sql>", summary: "run this, SQL or a \\ command, and end", repeat: true },
      {
        flags: "-f, --file <file>",
        summary: "run this file, or - for stdin, behind --command, and end",
        repeat: true,
      },
      { flags: "--set <name=value>", summary: "a variable, as \\set makes it", repeat: true },
      { flags: "--read-only", summary: "only read; nothing typed in the session can lift that" },
      { flags: "--http", summary: "through Postern's own port, where Postgres's cannot be reached" },
      { flags: "--psql", summary: "open Postgres's own psql on the direct URL" },
    ],
    examples: [
      "postern db connect",
      "postern db connect --psql",
      "postern db connect my-app-db --read-only",
      'postern db connect -c "\\dt" -c "select count(*) from users"',
      "pg_dump --inserts … | postern db connect my-app-db",
    ],
    load: () => import("../commands/db-connect.ts"),
  },
];
