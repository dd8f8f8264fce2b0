/** In charge of what could stand next on a command line; shells ask it on every press of Tab. */
import { type CommandSpec, type OptionSpec, optionsOf } from "./command-spec.ts";
import { helpTopics } from "./help-topics.ts";
import { groupSummaries, registry } from "./registry.ts";

/** What only a running Postern or the disk knows. */
export type NameKind =
  | "databases"
  | "projects"
  | "environments"
  | "backups"
  | "branches"
  | "services"
  | "operations"
  | "tokens";

export interface Candidate {
  word: string;
  /** One line, for shells that show it. */
  meaning: string;
}

export type Completion = { paths: "files" | "directories" } | { candidates: readonly Candidate[] };

export type LookUpNames = (kind: NameKind, options: ReadonlyMap<string, string>) => Promise<Candidate[]>;

/** @param words those behind `postern`; the last one is being typed, and may be empty. */
export async function completeWords(words: readonly string[], lookUp: LookUpNames): Promise<Completion> {
  const typed = words.at(-1) ?? "";
  const line = readLine(joinEquals(words.slice(0, -1)));
  const starting = (candidates: readonly Candidate[], text = typed, lead = ""): Completion => ({
    candidates: candidates
      .filter(({ word }) => word.startsWith(text))
      .map(({ word, meaning }) => ({ word: `${lead}${word}`, meaning })),
  });
  const completeValue = async (option: OptionSpec, text: string, lead: string): Promise<Completion> => {
    const paths = pathKind(option.flags);
    if (paths && lead === "") return { paths };
    if (option.choices)
      return starting(
        option.choices.map((word) => ({ word, meaning: "" })),
        text,
        lead,
      );
    const kind = kindOfOption(option.flags, line.spec);
    return starting(kind ? await lookUp(kind, line.options) : [], text, lead);
  };
  if (line.awaiting) return completeValue(line.awaiting, typed === "=" ? "" : typed, "");
  if (line.isBehindDashes) return { paths: "files" };
  if (typed.startsWith("-")) {
    const options = line.spec ? optionsOf(line.spec) : [];
    const at = typed.indexOf("=");
    const named = at === -1 ? undefined : options.find(({ flags }) => longFlag(flags) === typed.slice(0, at));
    if (named) return completeValue(named, typed.slice(at + 1), typed.slice(0, at + 1));
    return starting([
      ...options.map(({ flags, summary }) => ({ word: longFlag(flags), meaning: summary })),
      { word: "--help", meaning: "show how it is used" },
    ]);
  }
  const groups = line.args.length === 0 ? nextWords(line.path) : [];
  return groups.length > 0 && !line.spec
    ? starting(groups)
    : completeArgument(line, groups, starting, lookUp);
}

async function completeArgument(
  line: Line,
  groups: Candidate[],
  starting: (candidates: readonly Candidate[]) => Completion,
  lookUp: LookUpNames,
): Promise<Completion> {
  const names = line.spec?.args ?? [];
  const argument = names[line.args.length] ?? names.find(({ name }) => name.includes("..."));
  if (!line.spec || !argument) return starting(groups);
  if (line.spec.path === "help") return starting(line.args.length === 0 ? helpWords() : []);
  if (line.spec.path === "completion")
    return starting(["bash", "zsh", "fish"].map((word) => ({ word, meaning: "" })));
  if (/<?\[?file/.test(argument.name)) return { paths: "files" };
  const kind = kindOfArgument(argument.name, line.spec);
  return starting([...groups, ...(kind ? await lookUp(kind, line.options) : [])]);
}

interface Line {
  path: string[];
  spec: CommandSpec | undefined;
  args: string[];
  options: Map<string, string>;
  /** The option whose value comes next. */
  awaiting: OptionSpec | undefined;
  isBehindDashes: boolean;
}

function readLine(words: readonly string[]): Line {
  const line: Line = {
    path: [],
    spec: undefined,
    args: [],
    options: new Map(),
    awaiting: undefined,
    isBehindDashes: false,
  };
  for (const word of words) {
    if (line.awaiting) {
      line.options.set(longFlag(line.awaiting.flags), word);
      line.awaiting = undefined;
    } else if (word === "--") line.isBehindDashes = true;
    else if (word.startsWith("-")) readOption(line, word);
    else if (line.args.length === 0 && isPath([...line.path, word])) {
      line.path.push(word);
      line.spec = specAt(line.path);
    } else line.args.push(word);
  }
  return line;
}

function readOption(line: Line, word: string): void {
  const [flag = "", value] = word.split(/=(.*)/s);
  const option = line.spec && optionsOf(line.spec).find(({ flags }) => namesOf(flags).includes(flag));
  if (!option || !/<|\[/.test(option.flags)) return;
  if (value === undefined) line.awaiting = option;
  else line.options.set(longFlag(option.flags), value);
}

/** bash takes `--env=x` apart into three words. */
function joinEquals(words: readonly string[]): string[] {
  return words.filter((word, at) => !(word === "=" && words[at - 1]?.startsWith("--")));
}

const pathsOf = (spec: CommandSpec): string[] => [spec.path, ...(spec.aliases ?? [])];
const isPath = (words: readonly string[]): boolean =>
  registry.some((spec) => pathsOf(spec).some((path) => `${path} `.startsWith(`${words.join(" ")} `)));
const specAt = (words: readonly string[]): CommandSpec | undefined =>
  registry.find((spec) => pathsOf(spec).includes(words.join(" ")));

/** Commands and groups below a group; of the top where it is empty. Other names of a command are not shown twice. */
function nextWords(path: readonly string[]): Candidate[] {
  const lead = path.length === 0 ? "" : `${path.join(" ")} `;
  const found = new Map<string, string>();
  for (const spec of registry)
    for (const candidate of pathsOf(spec)) {
      if (!candidate.startsWith(lead)) continue;
      const [word = "", ...more] = candidate.slice(lead.length).split(" ");
      const meaning = more.length === 0 ? spec.summary : (groupSummaries[`${lead}${word}`] ?? "");
      if (!found.has(word)) found.set(word, meaning);
    }
  return [...found].map(([word, meaning]) => ({ word, meaning }));
}

const helpWords = (): Candidate[] => [
  ...nextWords([]),
  ...helpTopics.map(({ name, summary }) => ({ word: name, meaning: summary })),
];

const namesOf = (flags: string): string[] => flags.match(/(?<!\S)--?[\w-]+/g) ?? [];
const longFlag = (flags: string): string => namesOf(flags).at(-1)!;

function pathKind(flags: string): "files" | "directories" | undefined {
  if (/^--(dir|path) /.test(flags)) return "directories";
  return flags.includes("<file>") ? "files" : undefined;
}

const optionKinds: Record<string, NameKind> = {
  "--db-id": "databases",
  "--database": "databases",
  "--replace": "databases",
  "--env": "environments",
  "--source-env": "environments",
  "--confirm": "environments",
  "--project": "projects",
  "--snapshot": "backups",
};

function kindOfOption(flags: string, spec: CommandSpec | undefined): NameKind | undefined {
  return spec?.path === "db import" && longFlag(flags) === "--database"
    ? undefined
    : optionKinds[longFlag(flags)];
}

/** New names are not completed. */
function kindOfArgument(name: string, spec: CommandSpec): NameKind | undefined {
  const word = name.replaceAll(/[<>[\].]/g, "");
  const isNew = /(^| )(create|new|provision)$/.test(spec.path) && word !== "database";
  if (isNew) return undefined;
  if (spec.path.startsWith("db branch") && word === "branch") return "branches";
  const kinds: Record<string, NameKind> = {
    database: "databases",
    db: "databases",
    other: "databases",
    server: "databases",
    name: "databases",
    project: "projects",
    environment: "environments",
    backup: "backups",
    snapshot: "backups",
    branch: "branches",
    service: "services",
    operation: "operations",
    token: "tokens",
  };
  return kinds[word];
}
