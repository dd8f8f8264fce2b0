/** In charge of what was meant by a command or an option that does not exist: one good suggestion, or none. */
import { suggest } from "../manifest/suggest.ts";
import { optionsOf } from "./command-spec.ts";
import { registry } from "./registry.ts";

/** @param failure commander's. Undefined: nothing is near. */
export function suggestWords(
  failure: { code: string; message: string },
  args: readonly string[],
): string | undefined {
  if (failure.code === "commander.excessArguments") return suggestSubcommand(args);
  const wrong = /'([^']*)'/.exec(failure.message)?.[1];
  if (wrong === undefined) return undefined;
  if (failure.code === "commander.unknownOption") return suggestOption(wrong, args);
  return failure.code === "commander.unknownCommand" ? suggestCommand(wrong, args) : undefined;
}

const names = registry.flatMap(({ path, aliases = [] }) => [path, ...aliases]);

function suggestCommand(wrong: string, args: readonly string[]): string | undefined {
  const before = args.slice(0, args.indexOf(wrong)).filter((word) => !word.startsWith("-"));
  const lead = before.map((word) => `${word} `).join("");
  const level = names
    .filter((name) => name.startsWith(lead))
    .map((name) => name.slice(lead.length).split(" ")[0]!);
  const near = suggest(wrong, [...new Set(level)]);
  // `postern create`: the group was left out.
  const full = near === undefined ? names.find((name) => name === `db ${wrong}`) : `${lead}${near}`;
  return full === undefined ? undefined : `Did you mean \`postern ${full}\`?`;
}

/** `db inspect lokcs`: what was taken for the name of a database may have been meant as a command below. */
export function suggestSubcommand(args: readonly string[]): string | undefined {
  const given = args.filter((word) => !word.startsWith("-"));
  const path = names
    .filter((name) => `${given.join(" ")} `.startsWith(`${name} `))
    .sort((a, b) => b.length - a.length)[0];
  const wrong = path === undefined ? undefined : given[path.split(" ").length];
  if (wrong === undefined) return undefined;
  const below = names
    .filter((name) => name.startsWith(`${path} `))
    .map((name) => name.slice(path!.length + 1).split(" ")[0]!);
  const near = suggest(wrong, [...new Set(below)]);
  return near === undefined ? undefined : `Did you mean \`postern ${path} ${near}\`?`;
}

function suggestOption(wrong: string, args: readonly string[]): string | undefined {
  const words = args.filter((word) => !word.startsWith("-"));
  const spec = registry
    .filter(({ path, aliases = [] }) =>
      [path, ...aliases].some((name) => `${words.join(" ")} `.startsWith(`${name} `)),
    )
    .sort((a, b) => b.path.length - a.path.length)[0];
  if (!spec) return undefined;
  const flags = optionsOf(spec).flatMap(({ flags }) => flags.match(/--[\w-]+/g) ?? []);
  const near = suggest(wrong, [...flags, "--help"]);
  return near === undefined ? undefined : `Did you mean ${near}?`;
}
