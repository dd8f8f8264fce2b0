/** In charge of the form in which commands are declared: all that help, documentation and parsing need to know. */
import type { CommandInput } from "./command-input.ts";
import type { CliContext } from "./context.ts";

export interface ArgumentSpec {
  /** `<sql>` is needed, `[name]` may be left out, `<words...>` takes all that is left. */
  name: string;
  summary: string;
}

export interface OptionSpec {
  /** As commander reads them: `-f, --file <file>`, `--link`, `--param <value...>`. */
  flags: string;
  summary: string;
  choices?: readonly string[];
  /** Given several times, all values count. */
  repeat?: boolean;
  /** The command does nothing without it. */
  required?: boolean;
}

/** Returns the exit code; nothing means 0. */
export type CommandRun = (context: CliContext, input: CommandInput) => Promise<number | undefined>;

export interface CommandSpec {
  /** For example `db backup create`. */
  path: string;
  /** Other full paths of the same command. */
  aliases?: readonly string[];
  summary: string;
  args?: readonly ArgumentSpec[];
  options?: readonly OptionSpec[];
  examples: readonly string[];
  /** Words after the first argument belong to a program of the user's, options included. */
  passThrough?: boolean;
  /** --output names a file instead of a form. */
  outputIsFile?: boolean;
  load: () => Promise<{ run: CommandRun }>;
}

/** Options of every command. */
export const commonOptions: readonly OptionSpec[] = [
  { flags: "--json", summary: "print JSON" },
  {
    flags: "-o, --output <format>",
    summary: "form of the output",
    choices: ["table", "json", "yaml", "csv", "env"],
  },
  { flags: "--no-color", summary: "print without colour" },
  { flags: "--no-input", summary: "never ask; fail and name the flag instead" },
];

/** All options of a command. */
export const optionsOf = (spec: CommandSpec): readonly OptionSpec[] => [
  ...(spec.options ?? []),
  ...commonOptions.filter(({ flags }) => !(spec.outputIsFile && flags.startsWith("-o"))),
];

/** Which database a command is about. */
export const databaseArgument: ArgumentSpec = {
  name: "[database]",
  summary: "name or id; the linked database unless said otherwise",
};

/** The same, for commands whose argument is another thing. */
export const byDatabase: OptionSpec = {
  flags: "-d, --database <database>",
  summary: "name or id of the database",
};

/** Which database a command is about, where no argument says it. */
export const databaseOptions: readonly OptionSpec[] = [
  { flags: "--db-id <id>", summary: "id of the database; needs --token" },
  { flags: "--token <token>", summary: "token of the database; needs --db-id; also from DATABASE_TOKEN" },
  { flags: "--env <environment>", summary: "the database of this environment of the project" },
  { flags: "--project <project>", summary: "name or id; the linked one, or postern.yaml's, when absent" },
  { flags: "--service <service>", summary: "which of the environment's databases; the only one, or db" },
];

export const urlOption: OptionSpec = {
  flags: "--url <url>",
  summary: "postgres:// address of any Postgres, instead of one of Postern's databases",
};

export const confirmOptions: readonly OptionSpec[] = [
  { flags: "-y, --yes", summary: "do not ask" },
  { flags: "--force", summary: "the same as --yes" },
];

/** Of commands that destroy data. */
export const destroyOptions: readonly OptionSpec[] = [
  ...confirmOptions,
  { flags: "--confirm <environment>", summary: "its name, where the environment is protected" },
];

/** Where migrations are. */
export const directoryOptions: readonly OptionSpec[] = [
  {
    flags: "--dir <path>",
    summary: "folder of the .sql files; migrations, db/migrations or schema when absent",
  },
  { flags: "--path <path>", summary: "the same as --dir" },
];

export const classOption: OptionSpec = {
  flags: "--class <class>",
  summary: "db.p1 development, db.p2 staging, db.p3 production",
  choices: ["db.p1", "db.p2", "db.p3"],
};
