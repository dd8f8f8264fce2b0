/** In charge of turning the registry into a commander program, and a command line into one command and its input. */
import { Command, CommanderError, Option } from "commander";
import { posternError } from "../base/error.ts";
import { type CommandRun, type CommandSpec, type OptionSpec, optionsOf } from "./command-spec.ts";
import { groupSummaries, registry } from "./registry.ts";
import { suggestWords } from "./suggest-words.ts";

export interface SelectedCommand {
  spec: CommandSpec;
  args: readonly string[];
  options: Record<string, unknown>;
}

/** Undefined when the answer was help, which is printed already. @throws Y1013 */
export function parseCommandLine(args: readonly string[]): SelectedCommand | undefined {
  const asked = helpOfCommand(args);
  if (asked) return asked.json ? describing(asked.path) : parseCommandLine([...asked.path, "--help"]);
  let selected: SelectedCommand | undefined;
  const program = buildProgram((spec, command) => {
    selected = { spec, args: command.args, options: command.opts() };
  }, reachableBy(args));
  try {
    program.parse(args.length === 0 ? ["--help"] : args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return undefined;
    throw usageError(error, args);
  }
  return selected;
}

/** `help db create` is `db create --help`; topics have a command of their own. */
function helpOfCommand([first, ...words]: readonly string[]): { path: string[]; json: boolean } | undefined {
  if (first !== "help") return undefined;
  const path = words.filter((word) => word !== "--json");
  return commandsBelow(path).length > 0 ? { path, json: words.length > path.length } : undefined;
}

const commandsBelow = (path: readonly string[]): CommandSpec[] => {
  const lead = path.map((word) => `${word} `).join("");
  return registry.filter(({ path: own, aliases = [] }) =>
    [own, ...aliases].some((name) => `${name} `.startsWith(lead)),
  );
};

/** The same as data: each command of that path. */
function describing(path: readonly string[]): SelectedCommand {
  const help = registry.find((spec) => spec.path === "help")!;
  const commands = commandsBelow(path).map((spec) => ({
    command: spec.path,
    aliases: spec.aliases ?? [],
    summary: spec.summary,
    arguments: spec.args ?? [],
    options: optionsOf(spec).map(({ flags, summary, choices }) => ({
      flags,
      summary,
      choices: choices ?? null,
    })),
    examples: spec.examples,
  }));
  const run: CommandRun = async ({ output }) => {
    await output.print(commands, () => "");
    return undefined;
  };
  return { spec: { ...help, load: async () => ({ run }) }, args: [], options: { json: true } };
}

/** Help shows all commands whole; otherwise it is enough to know those whose every word was given. */
function reachableBy(args: readonly string[]): (path: string) => boolean {
  const words = new Set(args);
  const isHelp = args.length === 0 || words.has("--help") || words.has("-h");
  return isHelp ? () => true : (path) => path.split(" ").every((word) => words.has(word));
}

type Select = (spec: CommandSpec, command: Command) => void;

/** Commands that are not `reachable` are there by name only, for the sake of suggestions. */
function buildProgram(select: Select, reachable: (path: string) => boolean): Command {
  const program = prepare(new Command("postern"))
    .description("Create, connect, migrate, back up and protect Postgres databases on this machine.")
    .option("-V, --version", "print the version")
    .addHelpText("after", "\n`postern help topics` lists what is explained besides commands.")
    .enablePositionalOptions();
  for (const spec of registry) {
    const add = (path: string, summary: string) => {
      const command = commandAt(program, path);
      if (reachable(path)) define(command, spec, summary, select);
    };
    add(spec.path, spec.summary);
    for (const alias of spec.aliases ?? []) add(alias, `the same as \`${spec.path}\``);
  }
  return program;
}

/** Errors are thrown for the caller to render; help goes out as it is. */
function prepare(command: Command): Command {
  return command
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .helpCommand(false)
    .showSuggestionAfterError(false);
}

/** The command of that path; what is missing on the way is made. */
function commandAt(program: Command, path: string): Command {
  let command = program;
  const words: string[] = [];
  for (const word of path.split(" ")) {
    words.push(word);
    let next = command.commands.find((candidate) => candidate.name() === word);
    if (!next) {
      next = prepare(new Command(word)).enablePositionalOptions();
      next.description(groupSummaries[words.join(" ")] ?? "");
      command.addCommand(next);
    }
    command = next;
  }
  return command;
}

function define(command: Command, spec: CommandSpec, summary: string, select: Select): void {
  command.description(spec.summary).summary(summary);
  for (const argument of spec.args ?? []) command.argument(argument.name, argument.summary);
  for (const option of optionsOf(spec)) command.addOption(makeOption(option));
  if (spec.passThrough) command.passThroughOptions();
  command.addHelpText("after", `\nExamples:\n${spec.examples.map((line) => `  $ ${line}`).join("\n")}`);
  command.action(() => select(spec, command));
}

function makeOption({ flags, summary, choices, repeat, required }: OptionSpec): Option {
  const option = new Option(flags, summary);
  if (required) option.makeOptionMandatory();
  if (choices) option.choices([...choices]);
  if (repeat) {
    option.argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value]);
  }
  return option;
}

function usageError(error: CommanderError, args: readonly string[]): Error {
  if (error.code === "commander.help") {
    return posternError("Y1013", "This is a group of commands; name one of them.", {
      hint: "Add --help to see them.",
    });
  }
  const problem = error.message.replace(/^error: /, "").replace(/\.$/, "");
  return posternError("Y1013", `${problem.charAt(0).toUpperCase()}${problem.slice(1)}.`, {
    hint: suggestWords(error, args) ?? "Add --help to see how it is used.",
  });
}
