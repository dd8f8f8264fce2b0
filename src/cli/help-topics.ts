/** In charge of what `postern help TOPIC` explains besides commands. */
import {
  commandVariables,
  daemonVariables,
  gatewayVariables,
  type KnownVariable,
} from "./known-variables.ts";
import { renderColumns } from "./table.ts";

export interface HelpTopic {
  name: string;
  summary: string;
  text: string;
}

const renderVariables = (variables: readonly KnownVariable[]): string =>
  renderColumns(
    variables.map(({ name, summary, fallback }) => [
      `  ${name}`,
      `${summary}${fallback === undefined ? "" : ` [${fallback}]`}`,
    ]),
  );

export const helpTopics: readonly HelpTopic[] = [
  {
    name: "target",
    summary: "which database a command is about",
    text: `Which database a command is about: the first of these that is given.

  1. NAME or ID as an argument           postern db info my-app-db
  2. --db-id with --token                both or neither
  3. --url postgres://…                  where a command takes it: any Postgres, see \`postern help url\`
  4. --env NAME [--project P] [--service S]
  5. POSTERN_DB, POSTERN_ENV, POSTERN_URL
  6. the database that the folder, or one above it, is linked to: .postern/config.json
  7. a list to pick from, on a terminal; elsewhere the command ends with exit code 2`,
  },
  {
    name: "url",
    summary: "the same commands on any Postgres",
    text: `Commands with --url work on any Postgres 14 to 18; no daemon has to run.

  postern db migrate --url postgres://user:password@host:5432/app --dir migrations
  postern db exec --url "$DATABASE_URL" 'select count(*) from users'

A password in an argument can be read by others on the machine: prefer POSTERN_URL=postgres://… or PGPASSWORD and ~/.pgpass.
Migrations want a direct connection: a pooler in transaction mode cannot hold the lock that keeps two runs apart.
To see the URLs of one of Postern's own databases: postern db url NAME --pooled | --direct | --http [--reveal]`,
  },
  {
    name: "environment",
    summary: "environment variables",
    text: `Flags come before variables, variables before .postern/config.json, that before the user's configuration, and that before
the default in [brackets]. \`postern config list --show-origin\` tells what counts here.

Of the command line:
${renderVariables(commandVariables)}

Of the daemon, read at \`postern up\`:
${renderVariables(daemonVariables)}

Of a gateway, which reads those of the daemon about HTTP, TLS and limits as well:
${renderVariables(gatewayVariables)}

Colours: NO_COLOR or --no-color turn them off. CI: nothing is asked.`,
  },
  {
    name: "exit-codes",
    summary: "how a command ends",
    text: `  0    done
  1    failed
  2    usage, or an answer is needed and nobody can be asked
  3    declined: the answer to a question was no
  4    not authenticated, or not allowed
  5    not found
  6    conflict: paused, locked, changed meanwhile, in use
  7    SQL error
  8    something is pending (--exit-code), or a check found something
  9    unreachable, or timed out
  130  interrupted by ^C

An error says what, why, a hint, and a code; docs/errors.md lists the codes. With --json it is {"error":{…}} on stderr.`,
  },
  {
    name: "output",
    summary: "forms of output, and what goes where",
    text: `Data goes to stdout, talk (progress, ✓, warnings) to stderr, so that pipes carry data only.

  --json            JSON, the same as -o json: an object, or an array of them; names in snake_case
  -o, --output      table (for people), json, yaml, csv, env (NAME='value' lines)
  --no-color        also by NO_COLOR, and off a terminal
  --no-input        never ask: also with CI set, and off a terminal

Secrets are masked unless --reveal.`,
  },
  {
    name: "migrations",
    summary: "how schemas change",
    text: `A folder of .sql files; migrations, db/migrations or schema is found by itself, --dir names another.

  postern db new add_users        make the next file
  postern db migrate --plan       what would run
  postern db migrate --lint       what could hurt: locks, rewrites, lost data (exit code 8)
  postern db migrate --rehearse   run it on a copy first
  postern db migrate              run what is pending, each file in a transaction of its own
  postern db migrate --status --exit-code   8 when something is pending
  postern db migrations           what is applied
  postern db rollback --steps 1   by the .down.sql files
  postern db migrations verify | repair

A file that was applied is not changed afterwards: write another. docs/migrations.md tells more where it is installed.`,
  },
  {
    name: "backups",
    summary: "snapshots, restores, recovery to a point in time",
    text: `  postern db backup create [DB]                 one now
  postern db backup list | status | verify      what there is, whether it is good
  postern db restore DB --snapshot ID --force   over what is there; a safety snapshot is taken first
  postern db restore DB --at 2026-01-31T12:00Z  as a new database, beside the old one
  postern db backup policy DB                   schedule and retention
  postern db undelete DB                        what was destroyed can be had back for a while`,
  },
  {
    name: "security",
    summary: "keys, tokens, row security, exposure",
    text: `  API key (pk_…)      an account's: everything that it owns. Kept in the user's configuration, 0600.
  database token      opens one database over HTTP; shown once, kept as a hash. Read-only ones: db token create.
  database password   Postgres connections; \`postern db url --reveal\`, \`postern db rotate-credentials\`.
  users' tokens (JWT) of clients, after \`postern db client-access enable\`: row security decides what they see.

\`postern db rls check\` finds tables that are open to clients without a policy.
Everything listens on this machine only, unless --listen with TLS. Secrets belong into the environment, stdin or files of mode
0600, not into flags, which others on the machine can read. An environment that is protected wants its name: --confirm NAME.
\`postern audit list\` tells who changed what.`,
  },
  {
    name: "config",
    summary: "files that hold settings",
    text: `  ~/.config/postern/config.json    which Postern, and its key (0600); POSTERN_CONFIG_DIR moves it
  .postern/config.json             the database that a folder is linked to, and its token (0600, not for version control)
  postern.yaml                     services and environments of a project

  postern config list --show-origin
  postern config set api_url https://db.example.com
  postern link DB | unlink | init`,
  },
];
